// SPDX-License-Identifier: Apache-2.0

/// A few rows in the basis of a rotation, for a planner to look at: estimates, without bounds.
package struct RowSample: Sendable {
    package let dimension: Int
    /// Rotated rows, one after the other; unit vectors if that was asked for.
    package let values: [Float]
    /// Canonical norms of the rows as they were. Rows whose norm is not valid are not in the sample.
    package let norms: [Double]

    package var count: Int { norms.count }

    /// Reads rows of a matrix and multiplies them with `directions`, row-major `d x d`, or leaves them if it is empty.
    package init(of storage: RowStorage, rows: [Int], directions: [Float], normalizing: Bool) {
        var sample = WorkingRows()
        sample.load(count: rows.count, of: storage, normalizing: normalizing, level: .current) { rows[$0] }
        let all = 0..<storage.dimension
        if directions.isEmpty {
            sample.rotate(.identity(dimension: storage.dimension), columns: all, gemm: GEMM.preferred)
        } else {
            sample.project(onto: directions, all, gemm: GEMM.preferred)
        }
        var values: [Float] = []
        var norms: [Double] = []
        for i in 0..<rows.count where sample.norms[i] > 0 && sample.norms[i] <= RowTile.normLimit {
            let row = unsafe sample.row(at: i)
            for j in all { unsafe values.append(row[j]) }
            norms.append(sample.norms[i])
        }
        dimension = storage.dimension
        self.values = values
        self.norms = norms
    }

    /// The products of a row of another sample with all rows of this one, over some of the coordinates.
    package func products(withRow row: Int, of other: RowSample, over columns: Range<Int>) -> [Float] {
        precondition(other.dimension == dimension && columns.upperBound <= dimension && row < other.count)
        return unsafe [Float](unsafeUninitializedCapacity: count) { scores, filled in
            filled = count
            unsafe values.withUnsafeBufferPointer { rows in
                unsafe other.values.withUnsafeBufferPointer { queries in
                    guard let rows = rows.baseAddress, let queries = queries.baseAddress,
                        let scores = scores.baseAddress
                    else { return }
                    unsafe DotRows.score(
                        .current,
                        query: queries + (row * dimension + columns.lowerBound),
                        rows: rows + columns.lowerBound,
                        stride: dimension,
                        count: count,
                        depth: columns.count,
                        into: scores
                    )
                }
            }
        }
    }

    /// The squared length of each row over some of the coordinates.
    package func energies(over columns: Range<Int>) -> [Float] {
        (0..<count).map { row in
            values[row * dimension + columns.lowerBound..<row * dimension + columns.upperBound].reduce(0) {
                $0 + $1 * $1
            }
        }
    }
}
