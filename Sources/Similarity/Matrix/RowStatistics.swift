// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// What one pass over the rows of a matrix finds: the range of norms, zero rows and invalid rows.
public struct RowStatistics: Sendable, Equatable {
    /// The largest norm a valid row may have. Beyond it a score could leave the range of `Float`.
    public static let normLimit = RowTile.normLimit

    /// Smallest and largest norm of the valid rows; nil if there are none.
    public internal(set) var normRange: ClosedRange<Double>?
    /// Rows whose every component is zero. They have no cosine.
    public internal(set) var zeroRowCount = 0
    /// Rows with a NaN, an infinity or a norm above ``normLimit``.
    public internal(set) var invalidRowCount = 0
    /// The first of them, at most ten, ascending.
    public internal(set) var firstInvalidRows: [Int] = []

    static let shownRows = 10

    mutating func add(_ rows: Range<Int>, norm: (Int) -> Double) {
        for row in rows {
            let norm = norm(row - rows.lowerBound)
            guard norm <= Self.normLimit else {
                invalidRowCount += 1
                if firstInvalidRows.count < Self.shownRows { firstInvalidRows.append(row) }
                continue
            }
            if norm == 0 { zeroRowCount += 1 }
            let range = normRange ?? norm...norm
            normRange = min(range.lowerBound, norm)...max(range.upperBound, norm)
        }
    }

    /// Appends the statistics of rows that follow.
    mutating func append(_ next: RowStatistics) {
        zeroRowCount += next.zeroRowCount
        invalidRowCount += next.invalidRowCount
        firstInvalidRows = Array((firstInvalidRows + next.firstInvalidRows).prefix(Self.shownRows))
        switch (normRange, next.normRange) {
        case (let a?, let b?):
            normRange = min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
        case (nil, let b): normRange = b
        case (_, nil): break
        }
    }
}

extension VectorMatrix {
    /// Looks at every row once.
    ///
    /// - Complexity: `2 * rowCount * dimension` operations; reads the matrix once, in parallel.
    /// - Throws: `CancellationError` if `cancellation` is set or the calling task is cancelled on the way.
    public func statistics(
        workers: Workers = .available,
        cancellation: CancellationFlag? = nil
    ) throws -> RowStatistics {
        let rowsPerPart = max(1, (1 << 20) / dimension)
        let partCount = (rowCount + rowsPerPart - 1) / rowsPerPart
        let parts = try concurrentMap(count: partCount, workers: workers.count) { part in
            try cancellation?.check()
            // Seen by the worker on the thread of the caller's task, which ends all.
            try Task.checkCancellation()
            var tile = RowTile()
            var statistics = RowStatistics()
            let end = min((part + 1) * rowsPerPart, rowCount)
            // Tiles that stay in L2, so that the norms read what the conversion has just written.
            let step = max(1, (64 << 10) / dimension)
            for start in stride(from: part * rowsPerPart, to: end, by: step) {
                let rows = start..<min(start + step, end)
                tile.load(rows, of: storage, level: .current)
                statistics.add(rows) { tile.norm(at: $0) }
            }
            return statistics
        }
        var whole = RowStatistics()
        for part in parts { whole.append(part) }
        return whole
    }
}
