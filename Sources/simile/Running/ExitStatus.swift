// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import System
internal import TextEncoder
internal import VectorFiles

#if ModelHub
internal import ModelHub
#endif

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What the process tells its caller.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    case inputRefused = 3
    case interrupted = 130

    func end() -> Never {
        // Copies of standard input and of pipes; outputs have their names by now, or are given up.
        Interruption.temporaryFiles.removeAll()
        // Without the handlers of libraries: that of OpenBLAS waits for its own threads, which may wait for memory for ever. Nothing of ours is left to
        // be written.
        fflush(nil)
        _exit(rawValue)
    }

    /// Prints what an error says and ends with its status. The one place where errors become exit codes.
    static func end(after error: any Error) -> Never {
        let (status, message): (ExitStatus, String) =
            switch error {
            case let error as CommandFailure: (error.status, error.message)
            case let error as VectorFileError: (status(of: error.code), error.description)
            case let error as SimilarityError:
                ([.tooLarge, .noRoom].contains(error.code) ? .failed : .inputRefused, error.description)
            case let error as ModelError: (.inputRefused, error.description)
            case let error as SystemError: (.failed, error.description)
            case let error as KernelLevel.UnknownLevel: (.wrongUsage, error.description)
            case is CancellationError: (.interrupted, "interrupted")
            #if ModelHub
            case let error as HubError:
                (
                    status(of: error.code),
                    error.description + (error.code == .damagedCache ? "; 'simile cache clear' removes it" : "")
                )
            #endif
            default: endAsParser(error)
            }
        // A reader that has seen enough (`| head`) needs no message.
        if (error as? SystemError)?.isBrokenPipe != true {
            StandardStream.error.print("simile: \(InputSpool.named(message))\n")
        }
        status.end()
    }

    #if ModelHub
    private static func status(of code: HubError.Code) -> ExitStatus {
        switch code {
        case .unauthorized, .requestRefused, .textsRefused: .inputRefused
        case .wrongAddress, .invalidConfiguration: .wrongUsage
        default: .failed
        }
    }
    #endif

    /// Errors of the argument parser: help and version are no errors; anything else is wrong usage.
    private static func endAsParser(_ error: any Error) -> Never {
        let text = Simile.fullMessage(for: error)
        if Simile.exitCode(for: error) == .success {
            StandardStream.output.print(text + "\n")
            done.end()
        }
        StandardStream.error.print(text + "\n")
        (Simile.exitCode(for: error) == .validationFailure ? wrongUsage : failed).end()
    }

    private static func status(of kind: VectorFileError.Code) -> ExitStatus {
        switch kind {
        case .unknownFormat: .wrongUsage
        case .notWritten: .failed
        default: .inputRefused
        }
    }
}

/// A failure that the command line itself finds.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    static func usage(_ message: String) -> CommandFailure { CommandFailure(status: .wrongUsage, message: message) }
    static func refused(_ message: String) -> CommandFailure { CommandFailure(status: .inputRefused, message: message) }
    static func failed(_ message: String) -> CommandFailure { CommandFailure(status: .failed, message: message) }
}
