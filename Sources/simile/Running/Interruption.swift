// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Similarity
internal import SimilarityKernels

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

    /// Starts to watch for signals. A hangup that the caller has set to be ignored (as `nohup` does) stays ignored.
    static func watch() {
        // A file that grows beyond the limit of the process is then an error of `write`, like a full disk.
        signal(SIGXFSZ, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // The dispatch source sees a signal that is ignored; its default action would end the process first.
            let previous = signal(number, SIG_IGN)
            if number == SIGHUP, isIgnored(previous) { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                // The handler holds its source, so it lives as long as the process.
                withExtendedLifetime(source) { stop(number) }
            }
            source.resume()
        }
    }

    private static func stop(_ number: Int32) {
        flag.cancel()
        DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + .milliseconds(600)) {
            temporaryFiles.removeAll()
            _exit(number == SIGINT ? ExitStatus.interrupted.rawValue : 128 + number)
        }
    }

    private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
        unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
