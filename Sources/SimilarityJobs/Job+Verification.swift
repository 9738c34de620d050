// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import VectorFiles

extension Job {
    /// Holds the job to its word: all bytes of the inputs are those that were planned, the checksum of every group that there is is
    /// right, and some rows of some groups, computed again by the engine `Engine.reference`, give what the groups say.
    ///
    /// - Parameters:
    ///   - groups: How many groups some rows of are computed again, evenly spread.
    ///   - options: Workers, cancellation, progress in groups.
    /// - Returns: How many groups have been read.
    /// - Complexity: reads inputs and groups once; 4 rows of each chosen group meet all rows of the other side.
    /// - Throws: ``JobError`` or `VectorFileError` for the first thing that is wrong.
    @discardableResult
    public func verify(
        recomputing groups: Int = 4,
        options: RunOptions = RunOptions()
    ) throws -> Int {
        let inputs = try JobInputs(self, isSampled: false)
        let done = try folder.presentGroups(of: manifest)
        let chosen = Set((0..<min(groups, done.count)).map { done[$0 * done.count / min(groups, done.count)] })
        let progress = ProgressReporter(options.progress, total: done.count, unit: .groups)
        var options = options.quiet
        options.engine = .reference
        options.invalidRows = manifest.skipsInvalidRows ? .skip : .reject
        let prepared = manifest.hasBlockGroups ? try preparedCorpus(inputs, options) : nil
        let work = GroupWork(self, inputs, prepared: prepared, options: options)
        for group in done {
            try options.cancellation?.check()
            let stored = try GroupFile.read(folder.group(group), group: group, of: manifest)
            let canBegin = manifest.groupsNeeded(by: group).allSatisfy(done.contains)
            if chosen.contains(group), canBegin, try !work.agrees(with: stored, ofGroup: group) {
                throw JobError(
                    .wrongResult,
                    "\(folder.group(group)): some of its rows, computed again, have another result; "
                        + "remove the file and run the job again"
                )
            }
            progress?.advance(by: 1)
        }
        return done.count
    }
}

extension GroupWork {
    /// Whether some rows of a group, computed again, give what it says.
    fileprivate func agrees(with stored: GroupResult, ofGroup group: Int) throws -> Bool {
        if let blocks, case .pairs(let stored) = stored {
            let sample = try blocks.sample(ofGroup: group, known: pairs, options: options)
            return GroupResult.areEqual(sample.found, stored.filter(sample.isOfSample))
        }
        let rows = manifest.rows(ofGroup: group)
        let sample = rows.prefix(4)
        let found = try result(ofRows: sample, options: options)
        return found.isEqual(to: stored, of: sample, inGroupFrom: rows.lowerBound)
    }
}

extension GroupResult {
    /// Whether this, the result of `rows`, is what `group` says of them.
    func isEqual(to group: GroupResult, of rows: Range<Int>, inGroupFrom first: Int) -> Bool {
        func bits(_ scores: [Float]) -> [UInt32] { scores.map(\.bitPattern) }
        switch (self, group) {
        case (.neighbors(let mine), .neighbors(let theirs)):
            return rows.indices.allSatisfy { row in
                let (a, b) = (mine[row - rows.lowerBound], theirs[row - first])
                return a.map(\.row) == b.map(\.row) && bits(a.map(\.score)) == bits(b.map(\.score))
            }
        case (.pairs(let mine), .pairs(let theirs)):
            return Self.areEqual(mine, theirs.filter { rows.contains($0.a) })
        default: return false
        }
    }

    fileprivate static func areEqual(_ mine: [ScoredPair], _ theirs: [ScoredPair]) -> Bool {
        mine.count == theirs.count
            && zip(mine, theirs).allSatisfy {
                $0.a == $1.a && $0.b == $1.b && $0.score.bitPattern == $1.score.bitPattern
            }
    }
}
