// SPDX-License-Identifier: Apache-2.0

/// A model that cannot be used: a file is missing, damaged, or asks for something this encoder does not do.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file or folder at fault.
    public let file: String
    /// What was expected and what was found.
    public let message: String

    /// An error about a file.
    package init(file: String, _ message: String) {
        self.file = file
        self.message = message
    }

    /// The file and the message, in one line.
    public var description: String { "\(file): \(message)" }
}
