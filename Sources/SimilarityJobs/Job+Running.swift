// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import SimilarityKernels
internal import System
internal import VectorFiles

extension Job {
    /// Computes the groups of a part that there are no right files of yet: a file that is damaged, or of another job, is made anew.
    ///
    /// Any number of processes may run the same part: a group that one of them is at is left to it, and waited for at the end.
    ///
    /// - Parameters:
    ///   - part: The share; nil for the whole job.
    ///   - options: Engine, workers, cancellation, and progress of this part. The result does not depend on them.
    /// - Returns: How many groups were computed.
    /// - Complexity: reads the files of the groups of this part that are done.
    /// - Throws: ``JobError`` if an input has changed, `VectorFileError` if one cannot be read or a group cannot be written,
    ///   `SimilarityError` for invalid rows, `CancellationError`. Groups that are done stay; none is kept that was computed while an input changed.
    @discardableResult
    public func run(
        _ part: JobPart? = nil,
        options: RunOptions = RunOptions()
    ) throws -> Int {
        let share = try part ?? JobPart(0, of: 1)
        let pairs = Double(leftRowCount) * Double(rightRowCount) / Double(share.count)
        let progress = ProgressReporter(options.progress, total: Int(min(pairs, 0x1p62)), unit: .pairs)
        func missing(_ order: UInt64) throws -> [Int] {
            try stride(from: share.index, to: manifest.groupCount, by: share.count).filter { group in
                try options.cancellation?.check()
                return !isDone(group, order)
            }
        }
        // If all is done, no corpus is needed to see it.
        var wanted: [Int]?
        if let order = manifest.hasBlockGroups ? try folder.finishedGroups(of: manifest).order : 0 {
            wanted = try missing(order)
            if wanted == [] { return 0 }
        }
        let inputs = try JobInputs(self, isSampled: true)
        try folder.make()
        var options = options
        options.invalidRows = manifest.skipsInvalidRows ? .skip : .reject
        let work = GroupWork(self, inputs, prepared: try preparedCorpus(inputs, options), options: options)
        let groups = try manifest.hasBlockGroups || wanted == nil ? missing(work.order) : wanted ?? []
        var done = 0
        var computed = 0
        // Those that another process is at come last.
        var waiting: [Int] = []
        /// Makes the file of a group, if nobody has; false if another process is at it.
        func make(_ group: Int, _ told: (@Sendable (RunProgress) -> Void)?) throws -> Bool {
            try options.cancellation?.check()
            guard let lock = try FileLock.attempt(folder.groupLock(group)) else { return false }
            defer { lock.removeFile() }
            // Somebody may have done it since.
            if !isDone(group, work.order) {
                var groupOptions = work.options
                groupOptions.progress = told
                let result = try inputs.unchanged {
                    try work.result(ofGroup: group, options: groupOptions)
                }
                try GroupFile.write(
                    result,
                    group: group,
                    of: manifest,
                    order: work.order,
                    to: folder.group(group),
                    registry: temporaryFiles
                )
                computed += 1
            }
            return true
        }
        func compute(_ group: Int) throws -> Bool {
            let count = groups.count
            let told: @Sendable (RunProgress) -> Void = { [done] in
                progress?.advance(toShare: (Double(done) + ($0.fraction ?? 0)) / Double(count))
            }
            guard try make(group, told) else { return false }
            done += 1
            progress?.advance(toShare: Double(done) / Double(count))
            return true
        }
        var ready: Set<Int> = []
        for group in groups {
            // Those that it begins with may be those of another part; whoever is first computes them.
            for needed in manifest.groupsNeeded(by: group) where ready.insert(needed).inserted {
                while !isDone(needed, work.order), try !make(needed, nil) { sleepBriefly() }
            }
            if try !compute(group) { waiting.append(group) }
        }
        while !waiting.isEmpty {
            waiting = try waiting.filter { try !compute($0) }
            if !waiting.isEmpty { sleepBriefly() }
        }
        return computed
    }

    /// Whether there is a file of a group, with the right checksum and of that order.
    private func isDone(_ group: Int, _ order: UInt64) -> Bool {
        let path = folder.group(group)
        return FileIdentity(path: path) != nil && (try? GroupFile.read(path, group: group, of: manifest)) != nil
            && GroupFile.order(path, group: group, of: manifest) == order
    }

    /// The corpus by its codes: the input itself, or what one process makes of it for all.
    func preparedCorpus(_ inputs: JobInputs, _ options: RunOptions) throws -> PreparedCorpus? {
        if let prepared = inputs.prepared { return prepared.metric == metric ? prepared : nil }
        guard manifest.preparesCorpus, options.engine.mayUseCodes || manifest.hasBlockGroups else { return nil }
        if let corpus = try? readCorpus() { return corpus }
        // Whoever has the lock prepares; the others find the file, which they read at the same time.
        do {
            let lock = try FileLock(folder.lock)
            defer { withExtendedLifetime(lock) {} }
            // One that was left damaged, or of an input that has been another, is made anew.
            if let corpus = try? readCorpus() { return corpus }
            let writer = try PreparedCorpusWriter(path: folder.corpus, registeredIn: temporaryFiles)
            let source = try PreparedSource(inputs.rightPath)
            let prepared = try inputs.unchanged {
                let left = manifest.right == nil ? nil : inputs.left
                let operation = manifest.kind.operation(left, inputs.right, metric: metric)
                return try inputs.right.prepared(for: operation, options: options)
            }
            try writer.write(prepared, source: source, embeddingSource: false) { try options.cancellation?.check() }
        }
        return try readCorpus()
    }

    private func readCorpus() throws -> PreparedCorpus {
        try PreparedCorpusReader(folder.corpus).corpus(withIDs: false)
    }

}

/// Computes groups, with what is the same for all of them.
struct GroupWork {
    let manifest: JobManifest
    private let folder: JobFolder
    private let inputs: JobInputs
    private let corpus: Corpus
    /// Of a job whose groups are of blocks.
    let blocks: BlockGroups?
    private let known = KnownGroups()
    let options: RunOptions

    /// What the groups depend on besides the manifest: see `BlockGroups.order`.
    var order: UInt64 { blocks?.order ?? 0 }

    init(_ job: Job, _ inputs: JobInputs, prepared: PreparedCorpus?, options: RunOptions) {
        manifest = job.manifest
        folder = job.folder
        self.inputs = inputs
        corpus = Corpus(inputs.right, prepared: prepared)
        if let prepared, job.manifest.hasBlockGroups {
            blocks = BlockGroups(prepared, job.manifest)
        } else {
            blocks = nil
        }
        var options = options
        // What pays for the whole job was settled when it was planned; a group alone would be planned as a small one.
        if prepared == nil, options.engine == .auto { options.engine = manifest.plainEngine(options) }
        // Every group would tell the same.
        options.plan = nil
        self.options = options
    }

    /// What a group has.
    func result(ofGroup group: Int, options: RunOptions) throws -> GroupResult {
        guard let blocks else { return try result(ofRows: manifest.rows(ofGroup: group), options: options) }
        return .pairs(try blocks.pairs(ofGroup: group, known: pairs, options: options))
    }

    /// What a group has that is done.
    func pairs(ofGroup group: Int) throws -> [ScoredPair] {
        try known.pairs(ofGroup: group) { try read(group) }
    }

    private func read(_ group: Int) throws -> [ScoredPair] {
        let file = try OpenGroup(folder.group(group), group: group, of: manifest)
        guard file.order == order else {
            throw JobError(.incomplete, "\(folder.group(group)) was computed by another corpus; run the job again")
        }
        return try file.pairs(0..<file.entryCount)
    }

    /// What the plain operation finds for these rows of the left side.
    func result(ofRows rows: Range<Int>, options: RunOptions) throws -> GroupResult {
        let left = inputs.left[rows]
        switch manifest.kind.choice {
        case .search(let k, let excludingSelf):
            // One more, because the row itself may be among them.
            let count = excludingSelf ? min(k, manifest.rightRows) + 1 : k
            let found = try corpus.nearest(to: left, k: count, metric: manifest.metric, options: options)
            return .neighbors(excludingSelf ? Self.without(rows, found, k: min(k, manifest.rightRows)) : found)
        case .join(let threshold) where manifest.right == nil:
            // Rows before the group have met it already.
            let rest = inputs.right[rows.lowerBound..<manifest.rightRows]
            let joined = try left.join(rest, threshold: threshold, metric: manifest.metric, options: options)
            return .pairs(Self.pairs(joined, rows.lowerBound, rows.lowerBound) { $0.b > $0.a })
        case .join(let threshold):
            let joined = try corpus.join(
                from: left,
                threshold: threshold,
                metric: manifest.metric,
                options: options
            )
            return .pairs(Self.pairs(joined, rows.lowerBound, 0) { _ in true })
        }
    }

    /// Pairs with the numbers of the whole inputs.
    private static func pairs(
        _ joined: Join,
        _ firstLeft: Int,
        _ firstRight: Int,
        where isWanted: (ScoredPair) -> Bool
    ) -> [ScoredPair] {
        joined.pairs.map { ScoredPair(a: $0.a + firstLeft, b: $0.b + firstRight, score: $0.score) }.filter(isWanted)
    }

    /// The best `k` without the row that has the query's number.
    private static func without(_ queries: Range<Int>, _ found: NearestNeighbors, k: Int) -> NearestNeighbors {
        var offsets = [0]
        var rows: [Int] = []
        var scores: [Float] = []
        for query in found.indices {
            for neighbor in found[query].filter({ $0.row != queries.lowerBound + query }).prefix(k) {
                rows.append(neighbor.row)
                scores.append(neighbor.score)
            }
            offsets.append(rows.count)
        }
        return NearestNeighbors(metric: found.metric, k: k, offsets: offsets, rows: rows, scores: scores)
    }
}

/// The last groups that others have begun with: many do with the same one after the other.
private final class KnownGroups {
    private var last: [(group: Int, pairs: [ScoredPair])] = []

    func pairs(ofGroup group: Int, read: () throws -> [ScoredPair]) rethrows -> [ScoredPair] {
        if let index = last.firstIndex(where: { $0.group == group }) {
            last.append(last.remove(at: index))
        } else {
            last.append((group, try read()))
            if last.count > 2 { last.removeFirst() }
        }
        return last[last.count - 1].pairs
    }
}
