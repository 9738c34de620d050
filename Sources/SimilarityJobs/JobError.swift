// SPDX-License-Identifier: Apache-2.0

/// Why a job could not be planned, run or merged, where files are not to blame: those give a `VectorFileError`.
public struct JobError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, e.g. `incomplete`.
        public let description: String

        private init(name: String) { description = name }

        /// The request cannot be a job, e.g. inputs of different dimensions or a part that is not one of its parts.
        public static let unusable = Code(name: "unusable")
        /// Groups are missing that a merge needs.
        public static let incomplete = Code(name: "incomplete")
        /// An input is not what it was when the job was planned.
        public static let changed = Code(name: "changed")
        /// Rows that have no score: a NaN, an infinity or a norm above 10^19.
        public static let invalidRows = Code(name: "invalidRows")
        /// A result that was computed again is another.
        public static let wrongResult = Code(name: "wrongResult")
    }

    /// The kind of failure.
    public let code: Code
    /// What was expected and what was found.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
