// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// Fills a dense matrix of reported values from tiles of products.
///
/// Its tiles are those of `TilePlan.planned` and of nothing else: a GEMM gives a row other last bits at another place of
/// a tile, so the places must be a pure function of the shapes.
struct DenseWalk {
    private let metric: Metric
    private let rows: RowStorage
    private let columns: RowStorage
    private let isSymmetric: Bool
    private let options: RunOptions
    private let engine: Engine
    private let plan: TilePlan

    init(
        metric: Metric,
        rows: RowStorage,
        columns: RowStorage,
        isSymmetric: Bool,
        options: RunOptions
    ) throws(SimilarityError) {
        guard rows.dimension == columns.dimension else {
            throw .dimensionMismatch(queries: rows.dimension, corpus: columns.dimension)
        }
        let (count, overflow) = rows.rowCount.multipliedReportingOverflow(by: columns.rowCount)
        guard !overflow, count <= Int.max / 8 else {
            throw .tooLarge("a matrix of \(rows.rowCount) x \(columns.rowCount) scores is too large to hold")
        }
        self.metric = metric
        self.rows = rows
        self.columns = columns
        self.isSymmetric = isSymmetric
        self.options = options
        engine = try options.engine.resolved()
        plan = .planned(queryCount: rows.rowCount, dimension: rows.dimension)
    }

    func run() throws -> ScoreMatrix {
        // Asked here because other workers may do everything before the caller's thread gets its turn.
        try options.checkCancellation()
        // A matrix has a place for every pair, so there is no leaving a row out.
        try InvalidRowCheck.reject(rows, columns, options: options)
        let width = columns.rowCount
        try SimilarityError.requireRoom(engine.kernels(at: options.level).gemm, threads: options.workers.count)
        var values = try concurrentFill(
            rowCount: rows.rowCount,
            width: width,
            rowsPerChunk: plan.queries,
            workers: options.workers.count
        ) { block, values in
            try fill(block, into: &values)
        }
        if isSymmetric { mirror(&values, count: width) }
        return ScoreMatrix(rowCount: rows.rowCount, columnCount: width, values: values, metric: metric)
    }

    /// Computes the rows of one block; of a symmetric matrix only from the block's first column on.
    private func fill(_ block: Range<Int>, into values: inout MutableSpan<Float>) throws {
        let kernels = engine.kernels(at: options.level)
        var queries = RowTile()
        var corpus = RowTile()
        var tile = ScoreTile()
        let entry = DenseEntry(metric: metric, dimension: rows.dimension, level: kernels.level)
        queries.load(block, of: rows, level: kernels.level)
        let width = columns.rowCount
        for start in stride(from: isSymmetric ? block.lowerBound : 0, to: width, by: plan.rows) {
            try options.checkCancellation()
            let tileColumns = start..<min(start + plan.rows, width)
            if engine == .reference {
                corpus.load(tileColumns, of: columns, level: kernels.level)
            } else {
                tile.multiply(
                    queries,
                    &corpus,
                    loading: tileColumns,
                    of: columns,
                    gemm: kernels.gemm,
                    level: kernels.level
                )
            }
            for i in 0..<block.count {
                for j in 0..<corpus.rows.count {
                    if isSymmetric, block.lowerBound + i == start + j {
                        values[i * width + start + j] = entry.diagonal(norm: queries.norm(at: i), queries, i)
                    } else {
                        let product = engine == .reference ? nil : tile.score(i, j)
                        values[i * width + start + j] = entry.value(queries, i, corpus, j, product: product)
                    }
                }
            }
        }
    }

    /// Copies the upper triangle to the lower, in squares that fit the first-level cache.
    private func mirror(_ values: inout [Float], count: Int) {
        let side = 64
        for top in stride(from: 0, to: count, by: side) {
            for left in stride(from: top, to: count, by: side) {
                for i in top..<min(top + side, count) {
                    for j in max(left, i + 1)..<max(left, i + 1, min(left + side, count)) {
                        values[j * count + i] = values[i * count + j]
                    }
                }
            }
        }
    }
}

/// One value of a dense matrix, from a product in single precision where that is good enough.
private struct DenseEntry {
    let metric: Metric
    let dimension: Int
    let level: KernelLevel

    /// The reported value of a pair; `product` is the tile's dot product, nil to compute the value from the rows.
    @inline(__always)
    func value(_ queries: borrowing RowTile, _ i: Int, _ corpus: borrowing RowTile, _ j: Int, product: Float?) -> Float
    {
        let (a, b) = (queries.norm(at: i), corpus.norm(at: j))
        if metric.excludes(norm: a) || metric.excludes(norm: b) { return 0 }
        guard let product else { return verdict(queries, i, corpus, j) }
        switch metric {
        case .dot:
            return product
        case .cosine:
            guard FilterBound.cosineNorms.contains(a), FilterBound.cosineNorms.contains(b) else {
                return verdict(queries, i, corpus, j)
            }
            return min(max(Float(Double(product) / (a * b)), -1), 1)
        case .euclidean:
            // The difference of large squares: where little of them is left, the rows themselves are subtracted.
            let squares = a * a + b * b
            let squaredDistance = squares - 2 * Double(product)
            let isFar = squaredDistance * 64 > squares && squares > 0x1p-80
            return isFar ? Float(squaredDistance.squareRoot()) : verdict(queries, i, corpus, j)
        }
    }

    @inline(__always)
    func diagonal(norm: Double, _ rows: borrowing RowTile, _ i: Int) -> Float {
        if metric.excludes(norm: norm) { return 0 }
        switch metric {
        case .cosine: return 1
        case .euclidean: return 0
        case .dot: return verdict(rows, i, rows, i)
        }
    }

    private func verdict(_ queries: borrowing RowTile, _ i: Int, _ corpus: borrowing RowTile, _ j: Int) -> Float {
        metric.reported(metric.verdict(queries, i, corpus, j, level: level))
    }
}
