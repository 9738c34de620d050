// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import Synchronization

/// Rows that are coded once for all iterations of k-means: centroids are the queries, and a pair is kept for what it is to its row.
///
/// A row begins with the verdict on the centroid that it had, which is mostly still the best, so that few others reach its floor. What is
/// found is what a search for one neighbor finds: the centroid of the best canonical score, of equal ones the lower.
struct CodedAssignment {
    private let prepared: PreparedCorpus

    /// - Complexity: one read of the rows; a byte a component.
    init(_ rows: VectorMatrix, metric: Metric, options: RunOptions) throws {
        var options = options
        // They have been looked at.
        options.invalidRows = .skip
        prepared = try PreparedCorpus(
            rows,
            metric: metric,
            spectrum: .identity(dimension: rows.dimension),
            prefix: rows.dimension,
            options: options
        )
    }

    /// Whether coding the rows costs less than it spares, by what kernels of this level cost.
    static func pays(_ rows: VectorMatrix, clusters: Int, iterations: Int, _ options: RunOptions) -> Bool {
        guard options.engine.mayUseCodes, rows.dimension <= CodeShape.dimensionLimit,
            rows.rowCount <= Int(UInt32.max), iterations > 0
        else { return false }
        if options.engine == .bounded { return true }
        let codeBytes = VectorMatrix.codeBytes(ofRowOf: rows.dimension)
        if let limit = options.memoryLimit, limit / codeBytes < rows.rowCount { return false }
        let (n, k, d) = (Double(rows.rowCount), Double(clusters), Double(rows.dimension))
        let costs = options.level.costs
        let plain = n * k * d * costs.multiply
        let coded = n * k * (d * costs.code + costs.pair + costs.rowTerms)
        let verdicts = 2 * n * (costs.verdict + d * costs.verdictComponent)
        // Most fits end before their limit.
        let saved = Double(min(iterations, 10)) * (plain - coded - verdicts)
        return saved > 1.5 * n * d * costs.component
    }

    /// The rows of some blocks of codes, as they are handed to a worker.
    private struct Part {
        let blocks: Range<Int>
        var labels: [[Int32]] = []
        var scores: [[Float]] = []
    }

    /// The nearest of other centroids for each row, given the one that it had.
    func assignment(
        after last: ClusterAssignment,
        to centroids: VectorMatrix,
        options: RunOptions
    ) throws -> ClusterAssignment {
        let image = prepared.coded.image
        let queryParts = stride(from: 0, to: centroids.rowCount, by: CodeLayout.blockRows).map {
            $0..<min($0 + CodeLayout.blockRows, centroids.rowCount)
        }
        // Where centroids are coded anew for each part of the rows, these are large.
        let step = queryParts.count == 1 ? 1 : 16
        let parts = stride(from: 0, to: image.blockCount, by: step).map { $0..<min($0 + step, image.blockCount) }
        let next = Atomic<Int>(0)
        let found = Mutex<[Part]>([])
        let norms = Self.norms(of: centroids, level: options.level)
        let control = try WalkControl(
            options,
            segmentCount: parts.count,
            pairCount: Double(prepared.vectors.rowCount) * Double(centroids.rowCount)
        )
        runWorkers(min(options.workers.count, max(parts.count, 1))) { worker in
            var assigner = CentroidAssigner(prepared, centroids, norms, level: options.level)
            while !control.isStopped(worker: worker) {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < parts.count else { return }
                var part = Part(blocks: parts[index])
                for block in part.blocks {
                    let labels = image.rows(ofBlock: block).map { last.labels[prepared.coded.source(of: $0)] }
                    part.labels.append(labels)
                    part.scores.append(assigner.scores(ofBlock: block, labels))
                }
                for queries in queryParts {
                    assigner.begin(queries)
                    for (i, block) in part.blocks.enumerated() where !control.isStopped(worker: worker) {
                        assigner.improve(block, &part.labels[i], &part.scores[i])
                    }
                }
                found.withLock { $0.append(part) }
            }
        }
        try control.end {}
        var result = last
        for part in found.withLock({ $0 }) {
            for (i, block) in part.blocks.enumerated() {
                for (row, place) in image.rows(ofBlock: block).enumerated() {
                    let source = prepared.coded.source(of: place)
                    result.labels[source] = part.labels[i][row]
                    result.scores[source] = part.labels[i][row] < 0 ? .nan : part.scores[i][row]
                }
            }
        }
        return result
    }

    private static func norms(of rows: VectorMatrix, level: KernelLevel) -> [Double] {
        var tile = RowTile()
        return (0..<rows.rowCount).map { row in
            tile.load(row..<row + 1, of: rows.storage, level: level)
            return tile.norm(at: 0)
        }
    }
}

/// One worker of a `CodedAssignment`.
private struct CentroidAssigner: ~Copyable {
    private let coded: CodedRows
    private let encoding: CodedRows.Encoding
    private let metric: Metric
    private let rule: CutFloor
    private let centroids: RowStorage
    private let norms: [Double]
    private var filter: CodeFilter
    private var pair: RowPair
    private var queries = 0..<0

    init(_ prepared: PreparedCorpus, _ centroids: VectorMatrix, _ norms: [Double], level: KernelLevel) {
        coded = prepared.coded
        encoding = prepared.encoding
        metric = prepared.metric
        rule = prepared.cutFloor
        self.centroids = centroids.storage
        self.norms = norms
        filter = CodeFilter(rows: prepared.coded, bound: prepared.bound, cutsMove: true, level: level)
        pair = RowPair(queries: centroids.storage, corpus: prepared.vectors.storage, level: level)
    }

    /// Codes some centroids, unless they are coded already.
    mutating func begin(_ queries: Range<Int>) {
        if queries == self.queries { return }
        self.queries = queries
        filter.begin(forRows: queries, of: centroids, by: encoding)
    }

    /// The scores of the rows of a block with their centroids; minus infinity where there is none.
    mutating func scores(ofBlock block: Int, _ labels: [Int32]) -> [Float] {
        let places = coded.image.rows(ofBlock: block)
        return labels.enumerated().map { row, label in
            guard label >= 0, !metric.excludes(norm: norms[Int(label)]) else { return -.infinity }
            let place = places.lowerBound + row
            pair.load(query: Int(label), row: coded.source(of: place))
            return metric.verdict(pair, queryNorm: norms[Int(label)], rowNorm: coded.norm(of: place))
        }
    }

    /// Compares the rows of a block with the centroids that are coded.
    mutating func improve(_ block: Int, _ labels: inout [Int32], _ scores: inout [Float]) {
        let places = coded.image.rows(ofBlock: block)
        let rowNorms = places.map { coded.norm(of: $0) }
        var floors = CodeFilter.RowFloors(count: places.count)
        for row in places.indices { setFloor(row - places.lowerBound) }
        func setFloor(_ row: Int) { floors.set(row, rule.floor(norm: rowNorms[row], cut: scores[row])) }
        filter.scan(places, wanted: floors)
        var candidates: [CodeCandidate] = []
        swap(&candidates, &filter.candidates)
        // First those that are likely better.
        for wantsLikely in [true, false] {
            for candidate in candidates {
                let (query, row) = (Int(candidate.query), Int(candidate.row) - places.lowerBound)
                let centroid = queries.lowerBound + query
                let floor = floors.floors[row]
                let isLikely = candidate.value >= floor.value
                if isLikely != wantsLikely || centroid == labels[row] || metric.excludes(norm: norms[centroid]) {
                    continue
                }
                if !isLikely, !filter.survives(candidate, floor) { continue }
                pair.load(query: centroid, row: coded.source(of: Int(candidate.row)))
                let score = metric.verdict(pair, queryNorm: norms[centroid], rowNorm: rowNorms[row])
                guard score > scores[row] || score == scores[row] && centroid < labels[row] else { continue }
                scores[row] = score
                labels[row] = Int32(truncatingIfNeeded: centroid)
                setFloor(row)
            }
        }
        candidates.removeAll(keepingCapacity: true)
        swap(&candidates, &filter.candidates)
    }
}
