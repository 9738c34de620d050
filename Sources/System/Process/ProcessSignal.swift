// SPDX-License-Identifier: Apache-2.0

internal import CSystem

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What the process does on a signal.
package enum ProcessSignal {
    /// From now on a fault removes the temporary files that are noted, and a mapped file that was shortened ends the process with
    /// `status` and a message that begins with `name`. The crash handler of the Swift runtime is not started.
    package static func catchFaults(name: String, status: Int32) { unsafe fault_handler_install(name, status) }

    /// Ignores a signal from now on; returns whether it was ignored before.
    @discardableResult
    package static func ignore(_ number: Int32) -> Bool {
        let previous = signal(number, SIG_IGN)
        return unsafe unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
