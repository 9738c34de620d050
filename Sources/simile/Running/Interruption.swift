// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Similarity
internal import Synchronization
internal import System

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Control-C and its relatives: the running operation is asked to stop, which removes its temporary files as it unwinds.
/// If it has not ended after 600 ms, the files are removed for it and the process ends.
enum Interruption {
    /// Set by the first signal; every operation of the command line carries it.
    static let flag = CancellationFlag()
    /// The temporary files of this process.
    static let temporaryFiles = TemporaryFiles()

    private static let handler = Mutex<(@Sendable () -> Void)?>(nil)
    /// What the first signal does where a signal is the usual end.
    private static let end = Mutex<(@Sendable () -> Void)?>(nil)

    /// Says what else ends work; there is one such action.
    static func whenStopped(_ action: @escaping @Sendable () -> Void) {
        handler.withLock { $0 = action }
        if flag.isCancelled { action() }
    }

    /// Leaves the end of the process to `action` and what follows it, however long that takes: for work that only a signal ends. A second
    /// signal ends the process.
    static func leaveEnd(_ action: @escaping @Sendable () -> Void) {
        end.withLock { $0 = action }
        if flag.isCancelled { action() }
    }

    /// Starts to watch for signals. A hangup that the caller has set to be ignored (as `nohup` does) stays ignored.
    static func watch() {
        // A file beyond the limit of the process and a reader that has gone are then errors of `write`, like a full disk.
        ProcessSignal.ignore(SIGXFSZ)
        ProcessSignal.ignore(SIGPIPE)
        ProcessSignal.catchFaults(name: "simile", status: ExitStatus.inputRefused.rawValue)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            // The dispatch source sees a signal that is ignored; its default action would end the process first.
            let wasIgnored = ProcessSignal.ignore(number)
            if number == SIGHUP, wasIgnored { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                // The handler holds its source, so it lives as long as the process.
                withExtendedLifetime(source) { stop() }
            }
            source.resume()
        }
    }

    private static func stop() {
        if let action = end.withLock({ $0.take() }) { return action() }
        flag.cancel()
        handler.withLock { $0 }?()
        DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + .milliseconds(600)) {
            temporaryFiles.removeAll()
            _exit(ExitStatus.interrupted.rawValue)
        }
    }
}
