// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// Why an operation could not be done with the data it was given.
///
/// A caller's own mistakes (a negative `k`, say) are preconditions; what depends on data is thrown as this.
public struct SimilarityError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, e.g. `invalidRows`.
        public let description: String

        private init(name: String) { description = name }

        /// The two sides have vectors of different dimensions.
        public static let dimensionMismatch = Code(name: "dimensionMismatch")
        /// Rows hold a NaN, an infinity or a norm beyond the limit.
        public static let invalidRows = Code(name: "invalidRows")
        /// A result or a dimension is larger than can be held.
        public static let tooLarge = Code(name: "tooLarge")
        /// The system has no room for what an engine needs beside the vectors.
        public static let noRoom = Code(name: "noRoom")
        /// The engine that is asked for is not in this build.
        public static let noEngine = Code(name: "noEngine")
        /// An option has a value that it cannot have.
        public static let invalidOption = Code(name: "invalidOption")
        /// There are fewer rows than the operation needs.
        public static let tooFewRows = Code(name: "tooFewRows")
    }

    /// Which of the two inputs an error is about.
    public enum Side: String, Sendable {
        /// The queries of a search, the left side of a join, the rows of a similarity matrix.
        case queries
        /// The corpus of a search, the right side of a join, the columns of a similarity matrix.
        case corpus
    }

    /// The kind of failure.
    public let code: Code
    /// The input it is about, if it is about one.
    public let side: Side?
    /// What was expected and what was found; safe to log.
    public let description: String

    static func dimensionMismatch(queries: Int, corpus: Int) -> SimilarityError {
        SimilarityError(
            code: .dimensionMismatch,
            side: nil,
            description: "different dimensions: queries have \(queries), corpus rows have \(corpus)"
        )
    }

    static func invalidRows(_ statistics: RowStatistics, side: Side) -> SimilarityError {
        SimilarityError(code: .invalidRows, side: side, description: statistics.invalidRowsDescription)
    }

    static func noEngine(_ engine: Engine) -> SimilarityError {
        SimilarityError(
            code: .noEngine,
            side: nil,
            description: "the engine '\(engine)' is not in this build, which was made without the trait OpenBLAS"
        )
    }

    /// Throws unless an option is what it can be.
    static func require(_ isPossible: Bool, _ what: @autoclosure () -> String) throws(SimilarityError) {
        if !isPossible { throw SimilarityError(code: .invalidOption, side: nil, description: what()) }
    }

    static func tooFewRows(_ what: String) -> SimilarityError {
        SimilarityError(code: .tooFewRows, side: nil, description: what)
    }

    /// OpenBLAS would wait for ever for memory that it does not get.
    static func requireRoom(_ gemm: GEMM.Provider, threads: Int) throws(SimilarityError) {
        if GEMM.hasRoom(gemm, threads: threads) { return }
        throw SimilarityError(
            code: .noRoom,
            side: nil,
            description:
                "OpenBLAS needs 128 MiB of addresses for each of \(threads) threads, and the system refuses them (a limit such as "
                + "'ulimit -v'); use fewer threads or the engine simd"
        )
    }

    static func tooLarge(_ what: String) -> SimilarityError {
        SimilarityError(code: .tooLarge, side: nil, description: what)
    }
}

extension RowStatistics {
    /// How many rows are invalid, which come first and what a valid row is; for messages.
    package var invalidRowsDescription: String {
        let shown = firstInvalidRows.map(String.init).joined(separator: ", ")
        let more = invalidRowCount > firstInvalidRows.count ? ", ..." : ""
        let noun = invalidRowCount == 1 ? "1 invalid row" : "\(invalidRowCount) invalid rows"
        return "\(noun) (\(shown)\(more), counted from 0): expected finite components and a norm of at most 1e19"
    }
}
