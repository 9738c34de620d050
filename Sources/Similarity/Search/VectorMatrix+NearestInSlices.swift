// SPDX-License-Identifier: Apache-2.0

extension VectorMatrix {
    /// Bytes that the codes of a row take, with what is held while they are made: a byte a component, the terms of the row and the
    /// components by which rows are grouped.
    static func codeBytes(ofRowOf components: Int) -> Int { components + 100 }

    /// Rows whose codes may be held at once, if they are not all of them; nil where there is nothing to cut.
    func sliceRows(_ options: RunOptions) -> Int? {
        guard options.engine.mayUseCodes, let limit = options.memoryLimit else { return nil }
        // Below some thousands of rows a slice costs more than its codes save.
        let rows = max(limit / Self.codeBytes(ofRowOf: dimension), 1 << 14)
        return rows < rowCount ? rows : nil
    }

    /// A search in slices of the corpus, one after the other, so that codes are held of one slice alone. The neighbors of a query are
    /// the best of those that it has in the slices: scores do not depend on what else is in a corpus, and the order is total.
    ///
    /// - Parameter count: Rows of a slice, at least 1.
    func nearestInSlices(
        of count: Int,
        to queries: VectorMatrix,
        k: Int,
        metric: Metric,
        excludingSelf: Bool,
        options: RunOptions
    ) throws -> NearestNeighbors {
        // Equal slices: a short last one would be planned as a small job.
        let sliceCount = (rowCount - 1) / count + 1
        let starts = (0...sliceCount).map { $0 * rowCount / sliceCount }
        let queryCount = queries.rowCount
        let progress = ProgressReporter(
            options.progress,
            total: Int(min(Double(queryCount) * Double(rowCount), 0x1p62)),
            unit: .pairs
        )
        var best: NearestNeighbors?
        for slice in 0..<sliceCount {
            let rows = starts[slice]..<starts[slice + 1]
            var sliceOptions = options
            sliceOptions.memoryLimit = nil
            let (tell, isFirst) = (options.plan, slice == 0)
            sliceOptions.plan = { if isFirst { tell?($0.ofSlices(sliceCount)) } }
            sliceOptions.progress = { step in
                progress?.advance(toShare: (Double(slice) + (step.fraction ?? 0)) / Double(sliceCount))
            }
            do {
                // One more, because the row itself may be among them.
                let found = try self[rows].nearest(
                    to: queries,
                    k: excludingSelf ? min(k, rowCount) + 1 : k,
                    metric: metric,
                    options: sliceOptions
                )
                best = NearestNeighbors(
                    best,
                    and: found,
                    from: rows.lowerBound,
                    k: min(k, rowCount),
                    excludingSelf: excludingSelf
                )
            } catch let error as SimilarityError where error.code == .invalidRows {
                // The numbers of the rows are to be those of the whole.
                try InvalidRowCheck.reject(queries.storage, storage, options: options)
                throw error
            }
        }
        return best ?? NearestNeighbors(metric: metric, k: 0, offsets: [0], rows: [], scores: [])
    }
}

extension NearestNeighbors {
    /// The best `k` of what has been found in earlier rows and in the slice that begins with `firstRow`.
    fileprivate init(
        _ earlier: NearestNeighbors?,
        and found: NearestNeighbors,
        from firstRow: Int,
        k: Int,
        excludingSelf: Bool
    ) {
        var offsets = [0]
        var rows: [Int] = []
        var scores: [Float] = []
        offsets.reserveCapacity(found.count + 1)
        for query in 0..<found.count {
            let old = earlier.map { $0.offsets[query]..<$0.offsets[query + 1] } ?? 0..<0
            let new = found.offsets[query]..<found.offsets[query + 1]
            var (i, j) = (old.lowerBound, new.lowerBound)
            var count = 0
            while count < k, i < old.upperBound || j < new.upperBound {
                if excludingSelf, j < new.upperBound, found.rows[j] + firstRow == query {
                    j += 1
                    continue
                }
                // Of equal scores the earlier row, which is the one of the earlier slice.
                let takesOld =
                    j >= new.upperBound
                    || (i < old.upperBound
                        && !found.metric.isBetter(found.scores[j], than: earlier?.scores[i] ?? 0))
                rows.append(takesOld ? earlier?.rows[i] ?? 0 : found.rows[j] + firstRow)
                scores.append(takesOld ? earlier?.scores[i] ?? 0 : found.scores[j])
                if takesOld { i += 1 } else { j += 1 }
                count += 1
            }
            offsets.append(rows.count)
        }
        var counters = earlier?.counters ?? RunCounters(engine: found.counters.engine)
        counters.add(found.counters)
        self.init(metric: found.metric, k: k, offsets: offsets, rows: rows, scores: scores, counters: counters)
    }
}
