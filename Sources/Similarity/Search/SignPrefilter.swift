// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// The signs of the rows of a corpus, packed: an openly approximate filter in front of the verdict.
///
/// A row is looked at only if it is among the candidates whose signs differ from the query's in the fewest components. Their scores are
/// canonical and their order is right; but a nearer row whose signs differ more is missed. The engines never use this; use it where the bits fit the memory
/// and the vectors do not, and measure what it misses.
package struct SignPrefilter: Sendable {
    let bits: PackedBits

    /// The bits of a corpus that ``VectorMatrix/signBits()`` has made.
    package init(_ bits: PackedBits) { self.bits = bits }

    /// How well the bits fit a corpus, by up to 64 of its rows, evenly spread: the share of bits that are those of its rows, and the share of
    /// components whose sign differs between rows at all. The signs of another or an older corpus, or in another order of bits, agree in about half;
    /// signs that are alike in all rows tell nothing.
    ///
    /// - Precondition: as many rows as the corpus has.
    package func fit(to corpus: VectorMatrix) -> (agreement: Double, telling: Double) {
        let rows = (0..<min(64, corpus.rowCount)).map { $0 * corpus.rowCount / min(64, corpus.rowCount) }
        let width = bits.bytes.dimension
        var (equal, all) = (0, 0)
        var (everSet, everClear) = ([UInt8](repeating: 0, count: width), [UInt8](repeating: 0, count: width))
        for row in rows {
            let expected = Self.pack(corpus[row])
            let found = bits[row]
            for j in 0..<width {
                equal += 8 - (expected[j] ^ found[j]).nonzeroBitCount
                all += 8
                everSet[j] |= expected[j]
                everClear[j] |= ~expected[j]
            }
        }
        let telling = (0..<width).reduce(0) { $0 + (everSet[$1] & everClear[$1]).nonzeroBitCount }
        return (all == 0 ? 1 : Double(equal) / Double(all), Double(telling) / Double(max(corpus.dimension, 1)))
    }

    static func pack(_ components: [Float]) -> [UInt8] {
        var bytes: [UInt8] = []
        PackedBits.append(signsOf: components.span, to: &bytes)
        return bytes
    }

    /// The rows whose bits differ least from those of a query, at most `count`, ascending; of equally different ones the lower.
    func candidates(_ count: Int, for query: [Float], _ distances: inout [UInt32], level: KernelLevel) -> [Int] {
        HammingScan.distances(of: Self.pack(query), to: bits.bytes.storage, level: level, into: &distances)
        var histogram = [Int](repeating: 0, count: 8 * bits.bytes.dimension + 1)
        for distance in distances { histogram[Int(distance)] += 1 }
        var (limit, below) = (0, 0)
        while limit < histogram.count, below + histogram[limit] <= count {
            below += histogram[limit]
            limit += 1
        }
        var rows: [Int] = []
        var ties = count - below
        for (row, distance) in distances.enumerated() {
            if distance < limit {
                rows.append(row)
            } else if distance == limit, ties > 0 {
                rows.append(row)
                ties -= 1
            }
        }
        return rows
    }
}

extension VectorMatrix {
    /// The best `k` of the rows whose signs are most like those of each query: approximate, see ``SignPrefilter``.
    ///
    /// - Parameters:
    ///   - queries: One vector a row, of the dimension of the corpus.
    ///   - prefilter: The signs of this corpus.
    ///   - candidateCount: Rows that get a verdict, of each query; with as many as there are rows the answer is exact.
    ///   - excludingSelf: Leaves out the row with the query's own number; `queries` is then this corpus.
    ///   - options: Workers, cancellation, and what happens to invalid rows, which are looked for among queries and candidates alone.
    /// - Complexity: `m n d / 8` bytes are compared, for m queries, n rows and d dimensions; and a verdict a candidate.
    /// - Throws: ``SimilarityError`` if the dimensions differ or a query is invalid, `CancellationError` if cancelled.
    /// - Precondition: `k >= 0`, `candidateCount >= 0`; the prefilter is of as many rows and of `dimension` bits.
    package func nearest(
        to queries: VectorMatrix,
        k: Int,
        metric: Metric = .cosine,
        among prefilter: SignPrefilter,
        candidateCount: Int,
        excludingSelf: Bool,
        options: RunOptions = RunOptions()
    ) throws -> NearestNeighbors {
        precondition(k >= 0 && candidateCount >= 0, "\(k) of \(candidateCount) candidates")
        precondition(
            prefilter.bits.rowCount == rowCount && prefilter.bits.dimension == dimension,
            "signs of another corpus"
        )
        guard queries.dimension == dimension else {
            throw SimilarityError.dimensionMismatch(queries: queries.dimension, corpus: dimension)
        }
        if options.invalidRows == .reject { try InvalidRowCheck.reject(queries.storage, side: .queries, options) }
        let (corpus, level) = (storage, options.level)
        let step = 16
        let partCount = (queries.rowCount + step - 1) / step
        let control = try WalkControl(
            options,
            segmentCount: partCount,
            pairCount: Double(queries.rowCount) * Double(rowCount)
        )
        let parts = try concurrentMap(count: partCount, workers: options.workers.count) { part -> [[Neighbor]] in
            defer { control.finishSegment() }
            var distances = [UInt32](repeating: 0, count: corpus.rowCount)
            var query = RowTile()
            var row = RowTile()
            return try (part * step..<min((part + 1) * step, queries.rowCount)).map { number in
                try options.checkCancellation()
                query.load(number..<number + 1, of: queries.storage, level: level)
                if metric.excludes(norm: query.norm(at: 0)) { return [] }
                let rows = prefilter.candidates(candidateCount, for: queries[number], &distances, level: level)
                var found: [Neighbor] = []
                for candidate in rows where !(excludingSelf && candidate == number) {
                    row.load(candidate..<candidate + 1, of: corpus, level: level)
                    if metric.excludes(norm: row.norm(at: 0)) { continue }
                    let score = metric.reported(metric.verdict(query, 0, row, 0, level: level))
                    found.append(Neighbor(row: candidate, score: score))
                }
                return Array(found.sorted(by: metric.ranks).prefix(k))
            }
        }
        let lists = parts.flatMap { $0 }
        var offsets = [0]
        for list in lists { offsets.append(offsets[offsets.count - 1] + list.count) }
        return NearestNeighbors(
            metric: metric,
            k: min(k, rowCount),
            offsets: offsets,
            rows: lists.flatMap { $0.map(\.row) },
            scores: lists.flatMap { $0.map(\.score) }
        ).named(queries: queries.ids, corpus: ids)
    }
}
