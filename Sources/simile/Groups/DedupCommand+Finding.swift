// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import VectorFiles

// How `dedup` finds what goes: by a join, by a search in another file, or from the report of an earlier run.

extension DedupCommand {
    /// What has been found, and of what.
    struct Work {
        let set: InputSet
        var other: InputSet?
        let outcome: DedupOutcome
        let skipped: [Int]
        let threshold: Float
        /// Nil for those that the run has noted.
        var inputs: [RunRecord.Input]?
    }

    private func keeping(_ set: InputSet) -> DuplicateRemoval.Keeping {
        switch keep {
        case .first: .first
        case .longest: .longest(set.texts?.map { $0.unicodeScalars.count } ?? [])
        case .central: .central
        }
    }

    /// Joins the rows, or searches for each its nearest one in the other file.
    func computed(_ reader: InputReader, _ run: ResultRun) async throws -> Work {
        let metric = metric ?? .cosine
        try threshold.require(for: metric)
        let set = try await reader.read(input, vectors: vectors, metric: metric)
        let rows = set.vectors
        let isValid = set.validFlags(skippingInvalid: running.skipInvalid)
        let skipped = isValid.indices.filter { !isValid[$0] }
        run.noting("input", input, set)
        run.noting("vectors", vectors, set)
        let m = Double(rows.rowCount)
        guard let against else {
            let progress = running.progress("joining", total: m * m / 2, unit: "pairs")
            defer { progress.finish() }
            let copies = try set.copies(
                near: threshold.value,
                metric: metric,
                among: isValid,
                keeping: keeping(set)
            )
            let joined: SelfJoin
            do {
                // Of equal rows one stands for all.
                let distinct = copies.map { set.selecting($0.representatives) } ?? set
                joined = try distinct.corpus.selfJoin(
                    threshold: threshold.value,
                    metric: metric,
                    options: run.watching(
                        running.runOptions(progress, bytesPerPair: RunningOptions.bytesPerGroupedPair)
                    )
                )
            } catch let error as SimilarityError where error.code == .tooLarge {
                throw CommandFailure.failed("\(error); ask for a stricter --threshold, or allow more --memory")
            }
            progress.finish()
            let outcome =
                try copies.map {
                    try DedupOutcome(joined, of: $0, skipped: skipped, linkage: linkage, keeping: keeping(set))
                }
                ?? DedupOutcome(joined, skipped: skipped, linkage: linkage, keeping: keeping(set))
            return Work(
                set: set,
                outcome: outcome,
                skipped: skipped,
                threshold: threshold.value
            )
        }
        let other = try await reader.read(against, metric: metric)
        try requireSameDimension(input, rows, against, other.vectors)
        run.noting("against", against, other)
        let progress = running.progress("searching", total: m * Double(other.vectors.rowCount), unit: "pairs")
        defer { progress.finish() }
        let found = try other.corpus.nearest(
            to: rows,
            k: 1,
            metric: metric,
            options: run.watching(running.runOptions(progress))
        )
        progress.finish()
        let outcome = DedupOutcome(found, threshold: threshold.value, skipped: skipped)
        return Work(
            set: set,
            other: other,
            outcome: outcome,
            skipped: skipped,
            threshold: threshold.value
        )
    }

    /// Does again what a report tells of.
    func repeated(_ path: String, _ reader: InputReader) throws -> Work {
        let earlier = try EarlierReport(path)
        try earlier.requireOf(input)
        try earlier.requireWithin(threshold.value)
        let set = try reader.readWithoutVectors(input)
        var other: InputSet?
        if let against = earlier.against {
            try earlier.requireOf(against, role: "against")
            other = try reader.readWithoutVectors(against)
        }
        let count = set.vectors.rowCount
        let lines = try earlier.lines(rowCount: count, keptCount: other?.vectors.rowCount ?? count)
        let outcome = try DedupOutcome(
            earlier,
            lines: lines,
            rowCount: count,
            threshold: threshold.value,
            linkage: linkage,
            keeping: keeping(set)
        )
        var recorded = [try RunRecord.Input(role: "input", path: InputSpool.named(input), file: input, rows: count)]
        if let other, let against = earlier.against {
            recorded.append(try RunRecord.Input(role: "against", path: against, rows: other.vectors.rowCount))
        }
        return Work(
            set: set,
            other: other,
            outcome: outcome,
            skipped: earlier.skipped,
            threshold: threshold.value,
            inputs: recorded
        )
    }
}
