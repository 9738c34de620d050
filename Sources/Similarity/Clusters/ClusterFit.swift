// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// The iterations of k-means over one set of rows.
struct ClusterFit {
    private let rows: VectorMatrix
    private let metric: Metric
    private let clustering: ClusteringOptions
    private var options: RunOptions
    /// What each row is multiplied with before it is added: it makes unit vectors for cosines.
    private let weights: [Double]
    private(set) var centroids = VectorMatrix(rowCount: 0, dimension: 1, values: [])
    private(set) var assignment: ClusterAssignment
    /// The rows by their codes, where that pays.
    private var coded: CodedAssignment?
    private(set) var iterationCount = 0
    private(set) var hasConverged = false

    init(_ rows: VectorMatrix, metric: Metric, clustering: ClusteringOptions, options: RunOptions) throws {
        self.rows = rows
        self.metric = metric
        self.clustering = clustering
        self.options = options
        let (storage, level) = (rows.storage, options.level)
        let step = max(1, (1 << 20) / rows.dimension)
        weights = try concurrentMap(count: (rows.rowCount + step - 1) / step, workers: options.workers.count) { part in
            try options.checkCancellation()
            var tile = RowTile()
            let range = part * step..<min((part + 1) * step, storage.rowCount)
            tile.load(range, of: storage, level: level)
            return range.map { row -> Double in
                let norm = tile.norm(at: row - range.lowerBound)
                guard norm <= RowTile.normLimit, !metric.excludes(norm: norm) else { return 0 }
                return metric == .cosine ? 1 / norm : 1
            }
        }.flatMap { $0 }
        assignment = try ClusterAssignment(rows[0..<0], rows[0..<0], metric, options)
    }

    // MARK: Start

    /// Chooses the first centroids and puts each row to the nearest.
    mutating func start(_ count: Int, generator: inout SeededGenerator) throws {
        let usable = weights.indices.filter { weights[$0] > 0 }
        switch clustering.start {
        case .centroids(let given):
            guard given.dimension == rows.dimension else {
                throw SimilarityError.dimensionMismatch(queries: rows.dimension, corpus: given.dimension)
            }
            guard given.rowCount == count else {
                throw SimilarityError.tooFewRows("expected \(count) first centroids, found \(given.rowCount)")
            }
            try InvalidRowCheck.reject(given.storage, side: .corpus, options)
            centroids = given.withIDs(nil)
        case .random:
            try require(count, of: usable.count)
            centroids = rows.selecting(generator.sample(count, below: usable.count).map { usable[$0] }).withIDs(nil)
        case .plusPlus:
            try require(count, of: usable.count)
            centroids = rows.selecting(try drawn(count, of: usable, &generator)).withIDs(nil)
        }
        // Centroids are unit vectors for cosine, the first ones too: what stays as it begins is like what moves.
        if metric == .cosine { centroids = Self.unitRows(of: centroids) }
        assignment = try ClusterAssignment(rows, centroids, metric, options)
    }

    /// The rows divided by their lengths; a zero row stays one.
    private static func unitRows(of rows: VectorMatrix) -> VectorMatrix {
        var values: [Float] = []
        for row in 0..<rows.rowCount {
            let components = rows[row].map(Double.init)
            let norm = components.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += components.map { Float(norm > 0 ? $0 / norm : 0) }
        }
        return VectorMatrix(rowCount: rows.rowCount, dimension: rows.dimension, values: values)
    }

    private func require(_ count: Int, of found: Int) throws {
        guard count <= found else {
            throw SimilarityError.tooFewRows(
                "expected at least \(count) distinct rows for \(count) clusters, found \(found)"
            )
        }
    }

    /// Rows drawn by their squared distances from the nearest one that is drawn already, a round of several at a time.
    private func drawn(_ count: Int, of usable: [Int], _ generator: inout SeededGenerator) throws -> [Int] {
        var chosen = [usable[Int(generator.unit() * Double(usable.count))]]
        var distances = [Double](repeating: .infinity, count: rows.rowCount)
        var newest = chosen
        while chosen.count < count {
            let found = try ClusterAssignment(rows, rows.selecting(newest), metric, options)
            for row in usable {
                distances[row] = min(distances[row], ClusterAssignment.squaredDistance(found.scores[row], metric))
            }
            newest = []
            let round = min(max(1, count / 16), count - chosen.count)
            var sums: [Double] = []
            sums.reserveCapacity(usable.count)
            var sum = 0.0
            for row in usable {
                sum += distances[row]
                sums.append(sum)
            }
            guard sum > 0 else { try require(count, of: chosen.count); break }
            var isDrawn: Set<Int> = []
            // A row that is drawn twice in a round is drawn again, a few times.
            for _ in 0..<4 * round where newest.count < round {
                let wanted = generator.unit() * sum
                var (low, high) = (0, usable.count - 1)
                while low < high {
                    let middle = (low + high) / 2
                    if sums[middle] > wanted { high = middle } else { low = middle + 1 }
                }
                if distances[usable[low]] > 0, isDrawn.insert(low).inserted { newest.append(usable[low]) }
            }
            chosen += newest
        }
        return chosen
    }

    // MARK: Iterations

    /// Moves centroids to the means of their rows and rows to the nearest centroids, until little changes.
    mutating func iterate() throws {
        var inertia = assignment.inertia(metric)
        let clusters = centroids.rowCount
        if CodedAssignment.pays(rows, clusters: clusters, iterations: clustering.iterationLimit, options) {
            coded = try CodedAssignment(rows, metric: metric, options: quiet)
        }
        // What a plan found for the first centroids holds for the next ones; codes are planned with each set of them.
        if options.engine == .auto, !assignment.engine.mayUseCodes { options.engine = assignment.engine }
        while iterationCount < clustering.iterationLimit, !hasConverged {
            try options.checkCancellation()
            let before = assignment.labels
            try fillEmptyClusters()
            centroids = try means()
            try assign()
            iterationCount += 1
            options.progress?(
                RunProgress(completed: iterationCount, total: clustering.iterationLimit, unit: .steps)
            )
            let now = assignment.inertia(metric)
            hasConverged = assignment.labels == before
            if inertia - now < clustering.tolerance * inertia, clustering.tolerance > 0 { break }
            inertia = now
        }
        // The last move may have left a cluster without rows; giving it one takes no other cluster its centroid.
        var attempts = 0
        while iterationCount > 0, attempts < 10 {
            let filled = try fillEmptyClusters()
            if filled.isEmpty { break }
            centroids = try means(of: Set(filled))
            try assign()
            attempts += 1
        }
    }

    /// Puts each row to the nearest centroid.
    private mutating func assign() throws {
        if let coded {
            assignment = try coded.assignment(after: assignment, to: centroids, options: quiet)
        } else {
            assignment = try ClusterAssignment(rows, centroids, metric, options)
        }
    }

    /// The options of a step, which tells of nothing itself.
    private var quiet: RunOptions { options.quiet }

    /// Gives each cluster without rows the row that is farthest from its centroid, of one that has others.
    ///
    /// - Returns: the clusters that had none.
    @discardableResult
    private mutating func fillEmptyClusters() throws -> [Int] {
        var sizes = [Int](repeating: 0, count: centroids.rowCount)
        for label in assignment.labels where label >= 0 { sizes[Int(label)] += 1 }
        let empty = sizes.indices.filter { sizes[$0] == 0 }
        if empty.isEmpty { return [] }
        let farthest = assignment.labels.indices.filter { assignment.labels[$0] >= 0 }.sorted {
            (assignment.scores[$0], $0) < (assignment.scores[$1], $1)
        }
        var next = farthest.makeIterator()
        for cluster in empty {
            while let row = next.next() {
                let owner = Int(assignment.labels[row])
                guard sizes[owner] > 1, ClusterAssignment.squaredDistance(assignment.scores[row], metric) > 0 else {
                    continue
                }
                sizes[owner] -= 1
                sizes[cluster] = 1
                assignment.labels[row] = Int32(truncatingIfNeeded: cluster)
                break
            }
        }
        let filled = sizes.count { $0 > 0 }
        try require(centroids.rowCount, of: filled)
        return empty
    }

    /// The mean of each cluster's rows, of unit length for cosines. A cluster whose rows add up to nothing keeps its centroid.
    ///
    /// - Parameter chosen: Clusters whose centroids move; nil for all.
    private func means(of chosen: Set<Int>? = nil) throws -> VectorMatrix {
        // Rows by clusters, each cluster's in their order: what a mean is added up of depends on nothing else.
        var starts = [Int](repeating: 0, count: centroids.rowCount + 1)
        for label in assignment.labels where label >= 0 { starts[Int(label) + 1] += 1 }
        for cluster in 0..<centroids.rowCount { starts[cluster + 1] += starts[cluster] }
        var members = [UInt32](repeating: 0, count: starts[centroids.rowCount])
        var next = starts
        for (row, label) in assignment.labels.enumerated() where label >= 0 {
            members[next[Int(label)]] = UInt32(truncatingIfNeeded: row)
            next[Int(label)] += 1
        }
        let (storage, old, weights, sorted, bounds) = (rows.storage, centroids, weights, members, starts)
        let values = try concurrentFill(
            rowCount: centroids.rowCount,
            width: rows.dimension,
            rowsPerChunk: 1,
            workers: options.workers.count
        ) { cluster, span in
            try options.checkCancellation()
            let isChosen = chosen?.contains(cluster.lowerBound) ?? true
            let range = isChosen ? bounds[cluster.lowerBound]..<bounds[cluster.upperBound] : 0..<0
            let sum = RowSums.sum(count: range.count, of: storage) {
                Int(sorted[range.lowerBound + $0])
            } weight: {
                weights[$0]
            }
            var scale = 1 / Double(max(range.count, 1))
            if metric == .cosine {
                let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
                scale = norm > 0 ? 1 / norm : 0
            }
            let mean = sum.map { Float($0 * scale) }
            let isUsable = !range.isEmpty && (metric != .cosine || mean.contains { $0 != 0 })
            let result = isUsable ? mean : old[cluster.lowerBound]
            for i in result.indices { span[i] = result[i] }
        }
        return VectorMatrix(rowCount: centroids.rowCount, dimension: rows.dimension, values: values)
    }
}
