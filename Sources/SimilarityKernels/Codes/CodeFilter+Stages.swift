// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// What happens to pairs that survive the first stage: which get a better estimate at once, which are put off, and what passes.
extension CodeFilter {
    /// Sorts survivors: likely ones to `selected`, the others to `deferred`. Returns how many are selected now.
    mutating func triage(_ found: Int, _ places: Range<Int>, _ first: Int, _ selectedBefore: Int) -> Int {
        var selectedCount = selectedBefore
        var deferredCount = deferredCount
        let shift = places.lowerBound - first
        let isOwn = first == firstPlace
        let limits = limits
        for s in 0..<found {
            var survivor = unsafe survivors[s]
            let row = Int(survivor.row) &+ places.lowerBound
            let local = Int(survivor.query)
            // Padding of the last panel.
            if row >= places.upperBound { continue }
            if isOwn, row &- first <= local { continue }
            if let chosen { survivor.query = chosen[local] }
            survivor.row = UInt16(truncatingIfNeeded: Int(survivor.row) &+ shift)
            let likely =
                limits.slopes[local] * rows.offset(of: row) + limits.likelyTailSlopes[local] * rows.tailNorm(of: row)
                + limits.likely[local]
            if Float(survivor.product) >= likely {
                unsafe selected[selectedCount] = survivor
                selectedCount &+= 1
            } else {
                unsafe deferred[deferredCount] = survivor
                deferredCount &+= 1
            }
        }
        self.deferredCount = deferredCount
        return selectedCount
    }

    /// The second stage for the first `count` selected survivors of a block: appends candidates.
    ///
    /// - Parameter wanted: The floors of the rows of the block, if they have some.
    mutating func refine(
        _ count: Int,
        _ block: Int,
        _ terms: CodeBlockTerms,
        wanted: [CodeBound.Floor] = []
    ) {
        if count == 0 { return }
        let first = block * CodeLayout.blockRows
        let tail = rows.shape.tail
        if tail > 0, let input = unsafe selected.baseAddress, let output = unsafe products.baseAddress,
            let queryTails = unsafe queries.tails.baseAddress
        {
            let tails = unsafe rows.base + (rows.image.tails + first * tail)
            unsafe CodeProduct.fill(
                level,
                survivors: UnsafePointer(input),
                count: count,
                queries: queryTails,
                rows: tails.assumingMemoryBound(to: Int8.self),
                depth: tail,
                into: output
            )
        }
        unsafe queries.terms.withUnsafeBufferPointer { queryTerms in
            for s in 0..<count {
                let survivor = unsafe selected[s]
                let query = Int(survivor.query)
                let row = first &+ Int(survivor.row)
                let estimate = unsafe bound.estimate(
                    queryTerms[query],
                    terms,
                    rows.terms(of: row),
                    offset: rows.offset(of: row),
                    product: survivor.product,
                    tailProduct: tail > 0 ? products[s] : 0
                )
                let candidate = CodeCandidate(
                    query: Int32(truncatingIfNeeded: query),
                    row: UInt32(truncatingIfNeeded: row),
                    value: estimate.value,
                    upper: estimate.upper
                )
                guard
                    CodeBound.survives(estimate.upper, floors[query])
                        || !wanted.isEmpty && survives(candidate, wanted[Int(survivor.row)])
                else { continue }
                candidates.append(candidate)
            }
        }
    }

    /// Looks again at the pairs put off in one block, the one that was scanned last; false if there are none left.
    ///
    /// Floors may move between calls, by the verdicts on the candidates of the last one.
    package mutating func flush() -> Bool {
        guard let (block, count) = deferredBlocks.popLast() else { return false }
        let terms = rows.terms(ofBlock: block)
        chosen = nil
        let first = block * CodeLayout.blockRows
        deferredCount -= count
        if 2 * count < queries.count {
            // The limits of all queries would take longer than what few of them spare.
            for s in 0..<count { unsafe selected[s] = deferred[deferredCount + s] }
            refine(count, block, terms)
            return true
        }
        limits.make(for: terms)
        var selectedCount = 0
        let hasTerms = rows.image.hasOffsets || rows.shape.hasTail
        let limits = limits
        for s in deferredCount..<deferredCount + count {
            let survivor = unsafe deferred[s]
            let query = Int(survivor.query)
            var lowest = limits.bases[query]
            if hasTerms {
                let row = first &+ Int(survivor.row)
                lowest += limits.slopes[query] * rows.offset(of: row)
                lowest += limits.tailSlopes[query] * rows.tailNorm(of: row)
            }
            unsafe selected[selectedCount] = survivor
            // No branch: which way a pair goes is anybody's guess.
            selectedCount &+= Float(survivor.product) < lowest ? 0 : 1
        }
        refine(selectedCount, block, terms)
        return true
    }
}
