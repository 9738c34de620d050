// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import System

/// A corpus made ready for the bounded engine: its rows, and codes that prove of most pairs, at a fraction of the cost of the
/// scores, that they cannot be in the result.
///
/// Prepare once and search often: results are the same bytes as those of every engine.
///
///     let prepared = try PreparedCorpus(corpus)
///     let found = try prepared.nearest(to: queries, k: 10)
///
/// - Complexity: preparation takes about `2 * n * d^2` operations and an eigenvalue problem of order d (for d up to 2,048;
///   beyond, and where a rotation would not help, one read of the rows). Memory: about `n * (d + 32)` bytes beside the rows,
///   that is 0.27 of a float corpus of 384 dimensions.
public struct PreparedCorpus: Sendable {
    /// The rows themselves: verdicts are made of them.
    public let vectors: VectorMatrix
    /// How rows and queries are compared.
    public let metric: Metric
    package let coded: CodedRows
    package let encoding: CodedRows.Encoding
    /// About where each block of rows lies; see `CodedRows.centroids`.
    let centroids: [Float]
    /// Rows that have no score, ascending: invalid ones, and zero rows under ``Metric/cosine``.
    private let excludedRows: [Int]
    /// Whether there is an invalid row among them.
    let hasInvalidRows: Bool

    /// Bytes of the codes, beside the rows.
    package var codeByteCount: Int { coded.image.byteCount + 4 * encoding.rotation.matrix.count }

    /// Coordinates of a rotated vector that the first stage of the filter looks at.
    package var prefix: Int { coded.shape.prefix }

    /// - Precondition: `coded` refers to rows of `vectors` only.
    package init(vectors: VectorMatrix, metric: Metric, coded: CodedRows, encoding: CodedRows.Encoding) {
        self.vectors = vectors
        self.metric = metric
        self.coded = coded
        self.encoding = encoding
        centroids = coded.centroids()
        var isCoded = [Bool](repeating: false, count: vectors.rowCount)
        for row in 0..<coded.rowCount { isCoded[coded.source(of: row)] = true }
        let excluded = isCoded.indices.filter { !isCoded[$0] }
        excludedRows = excluded
        var tile = RowTile()
        hasInvalidRows = excluded.contains { row in
            tile.load(row..<row + 1, of: vectors.storage, level: .current)
            return !tile.isValid
        }
    }

    /// How many pairs of scored queries and rows there are to decide, and how many of them have no score.
    func pairCounts(of queries: [Int], pairing: Operation.Pairing) -> (pairs: Int, excluded: Int) {
        let n = vectors.rowCount
        switch pairing {
        case .all: return (queries.count * n, queries.count * excludedRows.count)
        case .exceptSelf: return (queries.count * n, queries.count * (excludedRows.count + 1))
        case .triangle:
            var pairs = 0
            var excluded = 0
            var passed = 0
            for query in queries.sorted() {
                while passed < excludedRows.count, excludedRows[passed] <= query { passed += 1 }
                pairs += n - 1 - query
                excluded += excludedRows.count - passed
            }
            return (pairs, excluded)
        }
    }

    /// The slack of the filter.
    var bound: CodeBound {
        CodeBound(
            normSlack: encoding.rotation.defect + FilterBound.verdictSlack(dimension: vectors.dimension),
            hasOffsets: encoding.offsetFactor != nil,
            shape: coded.shape
        )
    }

    /// What makes floors of cuts.
    var cutFloor: CutFloor { CutFloor(metric: metric, dimension: vectors.dimension) }
}

/// The least `q.x - o_x` of a pair whose verdict may still reach a cut.
struct CutFloor: Sendable {
    private let isEuclidean: Bool
    private let slack: Double

    init(metric: Metric, dimension: Int) {
        isEuclidean = metric == .euclidean
        slack = FilterBound.verdictSlack(dimension: dimension)
    }

    /// - Parameter norm: The canonical norm of the query, or of the row, whose cut it is.
    @inline(__always)
    func floor(norm: Double, cut: Float) -> CodeBound.Floor {
        guard cut > -.infinity else { return .none }
        if isEuclidean {
            let floor = FilterBound.euclideanFloor(queryNorm: norm, cut: cut, slack: slack)
            return CodeBound.Floor(value: floor.value, magnitude: floor.magnitude)
        }
        let limit = FilterBound.lower(cut)
        return CodeBound.Floor(value: limit, magnitude: abs(limit))
    }
}
