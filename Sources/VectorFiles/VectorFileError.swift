// SPDX-License-Identifier: Apache-2.0

/// Why a file could not be read, understood or written.
public struct VectorFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, e.g. `refused`.
        public let description: String

        private init(name: String) { description = name }

        /// The input is missing, unreadable, damaged or not of the expected form.
        public static let refused = Code(name: "refused")
        /// Nobody knows the ending of the file's name, or not for this purpose.
        public static let unknownFormat = Code(name: "unknownFormat")
        /// The output cannot be written.
        public static let notWritten = Code(name: "notWritten")
    }

    /// The kind of failure.
    public let code: Code
    /// The file.
    public let path: String
    /// Where in the file, e.g. `line 7` or `row 12`; nil if the whole file is meant.
    public let place: String?
    /// What was expected and what was found.
    public let message: String

    /// File, place and message in one line.
    public var description: String { place.map { "\(path), \($0): \(message)" } ?? "\(path): \(message)" }

    package static func refused(_ path: String, place: String? = nil, _ message: String) -> VectorFileError {
        VectorFileError(code: .refused, path: path, place: place, message: message)
    }

    package static func unknownFormat(_ path: String, _ message: String) -> VectorFileError {
        VectorFileError(code: .unknownFormat, path: path, place: nil, message: message)
    }

    package static func notWritten(_ path: String, _ message: String) -> VectorFileError {
        VectorFileError(code: .notWritten, path: path, place: nil, message: message)
    }
}
