// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Whether this process may use the tiles of AMX. Linux gives them on request, to the whole process and its children, because a
/// signal that comes to a thread that uses them needs 8 KiB of stack more.
///
/// It is asked for when tiles are first to be used and not before: while a process has the permission, `sigaltstack` refuses
/// stacks that are too small for them, and a library that computed a norm should not do that to its host.
package enum TilePermission: Sendable, Equatable, CustomStringConvertible {
    case granted
    /// The system's error.
    case refused(Int32)

    /// The answer for this process, which is asked for once.
    package static let current: TilePermission = {
        #if arch(x86_64)
        simile_request_tiles() == 0 ? .granted : .refused(errno)
        #else
        .refused(ENOSYS)
        #endif
    }()

    package var description: String {
        guard case .refused(let error) = self else { return "granted" }
        let reason = unsafe String(cString: strerror(error))
        // What `arch_prctl` says to a process of which a thread handles signals on 8 KiB.
        if error == ENOSPC { return "\(reason): a thread has an alternate signal stack too small for them" }
        return reason
    }
}

extension KernelLevel {
    /// Whether its kernels may be called: true but for a level of tiles in a process that is not permitted to use them. Asks for
    /// the permission.
    package var isPermitted: Bool { !needsTiles || TilePermission.current == .granted }

    /// This level, or the fastest below it that this process may use. Codes of rows are the same at both.
    package var permitted: KernelLevel {
        if isPermitted { return self }
        guard let below = Self.all.first(where: { $0.name == below }) else {
            preconditionFailure("\(name) has no level below")
        }
        return below.permitted
    }

    /// Why this level is not used, if it is not.
    package var refusal: String? {
        isPermitted ? nil : "the system refuses this process the tiles of \(name): \(TilePermission.current)"
    }
}
