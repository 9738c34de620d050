// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import System

/// The form of what goes to standard output. Result files have theirs by their endings.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, jsonl, csv

    /// A table for a person, JSON lines for a program.
    static var standard: OutputFormat { StandardStream.output.isTerminal ? .table : .jsonl }

    /// This form if it is one of `supported`; JSON lines of a command that prints one object are that object.
    func among(_ supported: [OutputFormat]) throws -> OutputFormat {
        if supported.contains(self) { return self }
        if self == .jsonl { return .json }
        let list = supported.map(\.rawValue).joined(separator: ", ")
        throw CommandFailure.usage("--format \(rawValue) is not for this command; expected one of \(list)")
    }
}
