// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

// Components in and out without a copy.

extension VectorMatrix {
    /// A matrix whose components are written where they will lie.
    ///
    ///     let matrix = try VectorMatrix(rowCount: n, dimension: d) { values in
    ///         for i in 0..<n * d { values[i] = next() }
    ///     }
    ///
    /// - Parameters:
    ///   - rowCount: Rows, that is vectors.
    ///   - dimension: Components of each.
    ///   - ids: Names of the rows, or nil.
    ///   - initialize: Writes the `rowCount * dimension` components, row after row; they are zeros before.
    /// - Throws: What `initialize` throws.
    /// - Precondition: `dimension` is from 1 to 4,194,304, `rowCount` is not negative, and `ids` is nil or has one id a row.
    public init<E: Error>(
        rowCount: Int,
        dimension: Int,
        ids: [RowID]? = nil,
        initializingWith initialize: (inout MutableSpan<Float>) throws(E) -> Void
    ) throws(E) {
        try self.init(
            rowCount: rowCount,
            dimension: dimension,
            ids: ids,
            writingAll: { values throws(E) in
                values.update(repeating: 0)
                try initialize(&values)
            }
        )
    }

    /// A matrix of components that lie row after row; they are copied, once.
    ///
    /// - Precondition: `dimension` is from 1 to 4,194,304 and divides the number of components, and `ids` is nil or has one id a row.
    public init(copying values: Span<Float>, dimension: Int, ids: [RowID]? = nil) {
        precondition(
            dimension >= 1 && values.count % dimension == 0,
            "\(values.count) values are no rows of \(dimension)"
        )
        self.init(
            rowCount: values.count / dimension,
            dimension: dimension,
            ids: ids,
            writingAll: { target in
                for i in 0..<values.count { target[i] = values[i] }
            }
        )
    }

    /// Calls `body` with the components of one row. They are not copied if they are floats in memory or in a file; other types are widened.
    ///
    /// - Precondition: `0 <= row < rowCount`.
    public func withRow<R: ~Copyable, E: Error>(
        _ row: Int,
        _ body: (Span<Float>) throws(E) -> R
    ) throws(E) -> R {
        try storage.withFloats(ofRows: row..<row + 1, body)
    }

    /// Calls `body` with the components of all rows, one row after the other. They are not copied if they are floats that lie so.
    public func withValues<R: ~Copyable, E: Error>(_ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
        try storage.withFloats(ofRows: 0..<rowCount, body)
    }

    /// Some of the rows, where they lie, with their ids.
    ///
    /// - Precondition: `rows` are rows of this matrix.
    /// - Complexity: O(1) but for ids, which are copied.
    public subscript(rows: Range<Int>) -> VectorMatrix {
        VectorMatrix(storage: storage.slice(rows), ids: ids.map { Array($0[rows]) })
    }

    /// A matrix of some rows in the order given, copied, with their ids.
    ///
    /// - Precondition: each is a row of this matrix.
    public func selecting(_ rows: [Int]) -> VectorMatrix {
        let (storage, width) = (storage, dimension)
        let names = ids.map { ids in rows.map { ids[$0] } }
        return VectorMatrix(
            rowCount: rows.count,
            dimension: width,
            ids: names,
            writingAll: { target in
                for (place, row) in rows.enumerated() {
                    storage.withFloats(ofRows: row..<row + 1) { values in
                        for i in 0..<width { target[place * width + i] = values[i] }
                    }
                }
            }
        )
    }

    /// A matrix of components that `write` writes, all of them: their memory holds anything before.
    private init<E: Error>(
        rowCount: Int,
        dimension: Int,
        ids: [RowID]?,
        writingAll write: (inout MutableSpan<Float>) throws(E) -> Void
    ) throws(E) {
        let count = Self.componentCount(rowCount: rowCount, dimension: dimension)
        let bytes = try SharedBytes(floatCount: count, initializingWith: write)
        self.init(bytes: bytes, rowCount: rowCount, dimension: dimension, ids: ids)
    }

    /// How many components there are.
    static func componentCount(rowCount: Int, dimension: Int) -> Int {
        precondition(rowCount >= 0, "a matrix has no \(rowCount) rows")
        precondition(
            (1...RowStorage.dimensionLimit).contains(dimension),
            "a vector has 1 to \(RowStorage.dimensionLimit) components, not \(dimension)"
        )
        let (count, overflow) = rowCount.multipliedReportingOverflow(by: dimension)
        precondition(!overflow, "a matrix of \(rowCount) x \(dimension) components")
        return count
    }

    /// A matrix of components that lie in a block, row after row.
    ///
    /// - Precondition: the block has been sized for them.
    init(bytes: SharedBytes, of type: ElementType = .float32, rowCount: Int, dimension: Int, ids: [RowID]?) {
        let storage = RowStorage(
            bytes: bytes,
            elementType: type,
            rowCount: rowCount,
            dimension: dimension,
            byteOffset: 0,
            rowByteStride: type.byteCount * dimension
        )
        guard let storage else { preconditionFailure("the block has been sized for these rows") }
        self.init(storage: storage, ids: ids)
    }
}
