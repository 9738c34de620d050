// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// How rows are laid out in the plane.
public struct LayoutOptions: Sendable {
    /// The ways to do it.
    public enum Method: String, Sendable, CaseIterable {
        /// Distances are kept as well as a plane can keep them, of three rows exactly: principal coordinates. For few rows: it looks at all pairs.
        case distances
        /// The two strongest principal components: what is far apart is far apart, and much lies on top of each other.
        case principal
        /// Rows that are neighbors lie together, in the manner of UMAP: what is near is near, and large distances mean little.
        case neighbors
    }

    /// The way; nil for ``Method/distances`` of up to ``fewRows`` rows, ``Method/neighbors`` of more.
    public var method: Method?
    /// Up to so many rows the graph of neighbors says little, and all distances can be looked at.
    public static let fewRows = 50
    /// Most rows for ``Method/distances``.
    public static let mostRowsForDistances = 2000

    /// The way for so many rows.
    public func method(ofRows count: Int) -> Method { method ?? (count <= Self.fewRows ? .distances : .neighbors) }

    /// Neighbors of each row that are to lie near it.
    public var neighborCount = 15
    /// How near points may come, where clusters have a width of about 1.
    public var minimumDistance = 0.1
    /// Steps; nil for 500 of up to 10,000 rows and 200 of more.
    public var epochCount: Int?
    /// What every draw follows from.
    public var seed: UInt64 = 0

    /// By the number of rows; neighbors are 15 of each row.
    public init() {}
}

extension VectorMatrix {
    /// A point of the plane for each row: a matrix of two columns, with the ids of the rows.
    ///
    /// The graph of neighbors is exact. Points begin at their principal components and move in steps (McInnes, Healy and Melville, "UMAP",
    /// arXiv:1802.03426): neighbors pull, others, drawn by the seed, push. All points of a step move at once, by the places of the step
    /// before (with the step lengths of Kingma and Ba, "Adam", arXiv:1412.6980), so the layout is the same bytes for a seed on one machine with one BLAS
    /// (at one thread, see ``SimilarityRuntime``), whatever the number of workers.
    ///
    /// - Parameters:
    ///   - metric: How neighbors are found. A zero row, which has no cosine, stays where its principal components are.
    ///   - layout: Method, neighbors, seed.
    ///   - options: Engine, workers, cancellation, progress.
    /// - Complexity: a search of the rows for ``LayoutOptions/neighborCount`` neighbors each, and some 6 `n k` evaluations of a power a step.
    /// - Throws: ``SimilarityError`` if rows are invalid, skipped or not: leave them out first, if there are too many for their distances,
    ///   or an option cannot be: at least one neighbor, a distance that is not negative and less than 3, steps that are not negative;
    ///   `CancellationError` if cancelled.
    public func planeLayout(
        metric: Metric = .cosine,
        layout: LayoutOptions = LayoutOptions(),
        options: RunOptions = RunOptions()
    ) throws -> VectorMatrix {
        try SimilarityError.require(
            layout.neighborCount >= 1,
            "\(layout.neighborCount) neighbors; expected at least 1"
        )
        try SimilarityError.require(
            (0..<3).contains(layout.minimumDistance),
            "a least distance of \(layout.minimumDistance); expected 0 to 3"
        )
        let epochCount = layout.epochCount ?? 0
        try SimilarityError.require(epochCount >= 0, "\(epochCount) steps; expected none below 0")
        try InvalidRowCheck.reject(storage, side: .corpus, options)
        let method = layout.method(ofRows: rowCount)
        if method == .distances {
            guard rowCount <= LayoutOptions.mostRowsForDistances else {
                throw SimilarityError.tooLarge(
                    "\(rowCount) rows; distances are kept of at most \(LayoutOptions.mostRowsForDistances)"
                )
            }
            let found = try PrincipalCoordinates(distances: planeDistances(metric: metric), count: rowCount)
            return VectorMatrix(rowCount: rowCount, dimension: 2, values: found.places, ids: ids)
        }
        var setup = options
        setup.progress = nil
        var generator = SeededGenerator(seed: layout.seed)
        var places = [Float](repeating: 0, count: 2 * rowCount)
        if rowCount >= 2 {
            let width = min(2, dimension)
            let plane = try LinearProjection.principalComponents(width, of: self, options: setup)
            let projected = try projected(by: plane, options: setup)
            for row in 0..<rowCount { for (j, value) in projected[row].enumerated() { places[2 * row + j] = value } }
        }
        if method == .principal || rowCount < 3 {
            return VectorMatrix(rowCount: rowCount, dimension: 2, values: places, ids: ids)
        }
        // Within 10 of the middle, and no two points at one place, where nothing could push them apart.
        let reach = places.reduce(0) { max($0, abs($1)) }
        let scale = reach > 0 ? 10 / reach : 1
        for i in places.indices { places[i] = places[i] * scale + Float(generator.nearlyNormal() * 1e-3) }
        let found = try nearest(
            to: self,
            k: min(layout.neighborCount, rowCount - 1),
            metric: metric,
            excludingSelf: true,
            options: setup
        )
        let graph = NeighborGraph(found)
        let epochs = layout.epochCount ?? (rowCount <= 10_000 ? 500 : 200)
        var steps = LayoutSteps(
            graph,
            places: places,
            epochs: epochs,
            seed: layout.seed,
            curve: LayoutCurve(minimumDistance: layout.minimumDistance)
        )
        for epoch in 0..<epochs {
            try options.checkCancellation()
            try steps.advance(epoch, workers: options.workers.count)
            options.progress?(RunProgress(completed: epoch + 1, total: epochs, unit: .steps))
        }
        return VectorMatrix(rowCount: rowCount, dimension: 2, values: steps.places, ids: ids)
    }
}

/// The steps of a layout: where points are, and what moves them.
private struct LayoutSteps {
    private let graph: NeighborGraph
    private let curve: LayoutCurve
    private let epochs: Int
    private let seed: UInt64
    /// How often an edge pulls: its weight as a share of the largest one.
    private let rates: [Float]
    /// Of each point its place, and the running means of its gradient and of the square of that: six numbers.
    private var state: [Float]

    private static let width = 6
    private static let pushes = 5

    init(_ graph: NeighborGraph, places: [Float], epochs: Int, seed: UInt64, curve: LayoutCurve) {
        self.graph = graph
        self.curve = curve
        self.epochs = epochs
        self.seed = seed
        let largest = graph.weights.max() ?? 1
        rates = graph.weights.map { $0 / largest }
        state = [Float](repeating: 0, count: places.count / 2 * Self.width)
        for i in 0..<places.count / 2 {
            state[i * Self.width] = places[2 * i]
            state[i * Self.width + 1] = places[2 * i + 1]
        }
    }

    var places: [Float] {
        (0..<state.count / Self.width).flatMap { [state[$0 * Self.width], state[$0 * Self.width + 1]] }
    }

    /// Moves all points once.
    mutating func advance(_ epoch: Int, workers: Int) throws {
        let (old, count) = (state, state.count / Self.width)
        let (graph, rates, curve, seed, epochs) = (graph, rates, curve, seed, epochs)
        let rate = 1 - Float(epoch) / Float(epochs)
        // Running means begin at zero and are too small at first.
        let (shareOfMean, shareOfSquare) = (1 - power(0.5, epoch + 1), 1 - power(0.9, epoch + 1))
        state = try concurrentFill(rowCount: count, width: Self.width, rowsPerChunk: 512, workers: workers) {
            rows,
            target in
            for i in rows {
                let at = i * Self.width
                let place = SIMD2(old[at], old[at + 1])
                var gradient = SIMD2<Float>.zero
                var random = SeededGenerator(seed: seed &+ UInt64(epoch) &* 0x9E37_79B9 &+ UInt64(i) << 32)
                for e in graph.offsets[i]..<graph.offsets[i + 1] {
                    // An edge pulls as often, over all steps, as its rate says.
                    let share = rates[e]
                    guard (share * Float(epoch + 1)).rounded(.down) > (share * Float(epoch)).rounded(.down) else {
                        continue
                    }
                    let j = Int(graph.targets[e]) * Self.width
                    let difference = place - SIMD2(old[j], old[j + 1])
                    let pull = difference * curve.attraction((difference * difference).sum())
                    // Both ends of an edge move for both of its directions.
                    gradient += 2 * pull.clamped(lowerBound: SIMD2(repeating: -4), upperBound: SIMD2(repeating: 4))
                    for _ in 0..<Self.pushes {
                        let other = Int(random.next() % UInt64(count))
                        if other == i { continue }
                        let k = other * Self.width
                        let difference = place - SIMD2(old[k], old[k + 1])
                        let push = difference * curve.repulsion((difference * difference).sum())
                        gradient += push.clamped(lowerBound: SIMD2(repeating: -4), upperBound: SIMD2(repeating: 4))
                    }
                }
                let mean = SIMD2(old[at + 2], old[at + 3]) * 0.5 + gradient * 0.5
                let square = SIMD2(old[at + 4], old[at + 5]) * 0.9 + gradient * gradient * 0.1
                let step = (mean / shareOfMean) / ((square / shareOfSquare).squareRoot() + 1e-7)
                let moved = place + rate * step
                let local = (i - rows.lowerBound) * Self.width
                (target[local], target[local + 1]) = (moved.x, moved.y)
                (target[local + 2], target[local + 3]) = (mean.x, mean.y)
                (target[local + 4], target[local + 5]) = (square.x, square.y)
            }
        }
    }

    private func power(_ base: Float, _ exponent: Int) -> Float {
        var result: Float = 1
        for _ in 0..<min(exponent, 200) { result *= base }
        return result
    }
}
