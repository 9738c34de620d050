// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import System

/// A row-major matrix whose rows are vectors: one block of memory, owned or memory-mapped, never changed.
///
/// A value that is cheap to copy (copies share the block) and safe to hand to any thread. Rows are compared as `Float`;
/// a file may hold them in another type, and then they are widened a tile at a time while they are used.
///
/// - Complexity: an owned matrix takes `4 * rowCount * dimension` bytes; a mapped one takes none of its own.
public struct VectorMatrix: Sendable {
    package let storage: RowStorage

    /// Names of the rows that came with the input, one a row, or nil.
    public let ids: [RowID]?

    /// What was lost when the rows were read from text, where that is known.
    package var lossOfReading: RoundingLoss?

    /// Rows, that is vectors.
    public var rowCount: Int { storage.rowCount }

    /// Components of each vector; at least 1.
    public var dimension: Int { storage.dimension }

    /// A matrix of `values`, row after row; they are copied.
    ///
    /// - Precondition: `dimension` is from 1 to 4,194,304, `values.count == rowCount * dimension`, and `ids` is nil or has one id a row.
    public init(rowCount: Int, dimension: Int, values: [Float], ids: [RowID]? = nil) {
        precondition(
            Self.componentCount(rowCount: rowCount, dimension: dimension) == values.count,
            "\(values.count) values are no \(rowCount) x \(dimension) matrix"
        )
        self.init(bytes: SharedBytes(copying: values), rowCount: rowCount, dimension: dimension, ids: ids)
    }

    /// A matrix of `rows`, which are copied.
    ///
    /// - Precondition: there is at least one row, all have the same positive number of components, and `ids` is nil or
    ///   has one id a row. (For no rows use ``init(rowCount:dimension:values:ids:)``, which says the dimension.)
    public init(rows: [[Float]], ids: [RowID]? = nil) {
        precondition(!rows.isEmpty, "no rows: the dimension cannot be known")
        let dimension = rows[0].count
        for (i, row) in rows.enumerated() {
            precondition(row.count == dimension, "row \(i) has \(row.count) components, row 0 has \(dimension)")
        }
        self.init(rowCount: rows.count, dimension: dimension, values: Array(rows.joined()), ids: ids)
    }

    /// A matrix whose rows lie in shared bytes.
    package init(storage: RowStorage, ids: [RowID]? = nil) {
        precondition(
            ids == nil || ids?.count == storage.rowCount,
            "\(ids?.count ?? 0) ids for \(storage.rowCount) rows"
        )
        self.storage = storage
        self.ids = ids
    }

    /// The components of one row as floats.
    ///
    /// - Precondition: `0 <= row < rowCount`.
    /// - Complexity: copies `dimension` floats; ``withRow(_:_:)`` does not.
    public subscript(row: Int) -> [Float] { storage.row(row) }
}

/// The name of a row: an integer or a string, as the input had it.
public enum RowID: Hashable, Sendable, CustomStringConvertible {
    /// A number.
    case integer(Int64)
    /// A number above the range of `Int64`.
    case unsigned(UInt64)
    /// Any other text.
    case string(String)

    /// The id as text, without quotes.
    public var description: String {
        switch self {
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .string(let value): value
        }
    }
}

extension VectorMatrix {
    /// The same rows with other ids; the block is shared.
    ///
    /// - Precondition: `ids` is nil or has one id a row.
    /// - Complexity: counts the ids; no row is copied.
    public func withIDs(_ ids: [RowID]?) -> VectorMatrix { VectorMatrix(storage: storage, ids: ids) }
}
