// SPDX-License-Identifier: Apache-2.0

public import Similarity
package import System
internal import VectorFiles

/// One of the equal shares of a job: `index` of `count`, counted from 0.
public struct JobPart: Sendable, Equatable {
    /// Which share, from 0.
    public let index: Int
    /// How many shares there are, at least 1.
    public let count: Int

    /// - Throws: ``JobError`` if there is no such part.
    public init(_ index: Int, of count: Int) throws(JobError) {
        guard count >= 1, (0..<count).contains(index) else {
            throw JobError(.unusable, "part \(index) of \(count); expected one of 0 to \(count - 1)")
        }
        self.index = index
        self.count = count
    }
}

/// How far a job is.
public struct JobStatus: Sendable, Equatable {
    /// Groups of rows, each a file once it is done.
    public let groupCount: Int
    /// Those that there are no whole files of, in order.
    public let missingGroups: [Int]

    /// Groups that are done.
    public var finishedCount: Int { groupCount - missingGroups.count }
    /// Whether a merge has all that it needs.
    public var isComplete: Bool { missingGroups.isEmpty }
}

/// A search or a join of files that is computed in groups of rows, by any number of processes on any machines that see one folder,
/// and can be stopped and gone on with at any time.
///
/// ``plan(_:in:options:)`` writes what is to be done; ``run(_:options:)`` does a part of it; ``merge(options:)`` makes the result file, with the bytes of
/// the plain operation, whatever the parts, their order, engines and machines were. A group that is done is a file with a checksum that
/// appears whole or not at all, so a process that is ended loses the group that it is at.
public struct Job: Sendable {
    let folder: JobFolder
    let manifest: JobManifest
    /// Files that are being written, for a process that must end at once.
    package var temporaryFiles: TemporaryFiles?

    init(folder: JobFolder, manifest: JobManifest) {
        self.folder = folder
        self.manifest = manifest
    }

    /// Opens a job that has been planned.
    ///
    /// - Throws: `VectorFileError` if there is no manifest, or one that `plan` did not write.
    public init(in folder: String) throws {
        self.folder = JobFolder(path: folder)
        let bytes = try VectorFile.mapped(self.folder.manifest)
        let text = bytes.withBytes { span in (0..<span.count).map { span[$0] } }
        manifest = try JobManifest.read(text, path: self.folder.manifest)
    }

    /// What is computed.
    public var kind: JobKind { manifest.kind }
    /// How rows are compared.
    public var metric: Metric { manifest.metric }
    /// Rows of the left side: queries, or the rows of a self-join.
    public var leftRowCount: Int { manifest.leftRows }
    /// Rows of the side that is searched in; of a self-join those of the left side again.
    public var rightRowCount: Int { manifest.rightRows }
    /// How many parts it was planned for; any other number will do.
    public var partCount: Int { manifest.partCount }
    /// Where the result goes.
    public var output: String { RelativePath.resolved(manifest.output, from: folder.manifest) }

    /// Whether it computes what is asked for, from these paths, to this result.
    public func isFor(_ request: JobRequest) -> Bool {
        func name(_ path: String) -> String { RelativePath.of(path, from: folder.manifest) }
        return manifest.kind == request.kind && manifest.metric == request.metric
            && manifest.left.path == name(request.left) && manifest.right?.path == request.right.map(name)
            && manifest.output == name(request.output) && manifest.skipsInvalidRows == request.skipsInvalidRows
    }

    /// How far it is, by the files that there are. Their heads and sizes are looked at, not their checksums, which ``run(_:options:)``,
    /// ``merge(options:)`` and ``verify(recomputing:options:)`` do.
    public func status() throws -> JobStatus {
        let done = Set(try folder.finishedGroups(of: manifest).groups)
        return JobStatus(
            groupCount: manifest.groupCount,
            missingGroups: (0..<manifest.groupCount).filter { !done.contains($0) }
        )
    }

    /// Makes a folder, if it is not there, and holds it: nil if another process does. For a command that is the only one to work in it.
    package static func hold(_ folder: String) throws -> FileLock? {
        do {
            try FolderAccess.make(folder)
            return try FileLock.attempt(JobFolder(path: folder).ownerLock)
        } catch {
            throw VectorFileError.notWritten(folder, "cannot \(error.operation): \(error.reason)")
        }
    }

    /// Removes the folder of a job that has not been planned, as ``hold(_:)`` made it.
    package static func giveUp(_ folder: String) {
        let paths = JobFolder(path: folder)
        if FileIdentity(path: paths.manifest) != nil { return }
        for path in [paths.groups, paths.ownerLock, paths.path] { FolderAccess.remove(path) }
    }

    /// Removes the folder, with all that a job puts there; other files stay, and the folder with them.
    public func remove() throws {
        for name in try folder.groupFolderNames()
        where name.hasSuffix(".group") || name.hasSuffix(".lock") || name.hasPrefix(".") {
            FolderAccess.remove(folder.groups + "/" + name)
        }
        // What a run leaves that is killed while it writes.
        for name in try FolderAccess.names(in: folder.path) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
            FolderAccess.remove(folder.path + "/" + name)
        }
        // The manifest last but for the folder: while it is there, the rest is a job.
        for path in [folder.groups, folder.corpus, folder.lock, folder.manifest, folder.ownerLock, folder.path] {
            FolderAccess.remove(path)
        }
    }

    /// Writes the result from the groups. They stay where they are.
    ///
    /// - Complexity: reads every group once, for `.npy` results three times; one is in memory at a time.
    /// - Throws: ``JobError`` if groups are missing, `VectorFileError` if one is damaged or the result cannot be written.
    ///
    /// - Parameter options: Cancellation, and progress in rows.
    public func merge(options: RunOptions = RunOptions()) throws {
        let progress = ProgressReporter(options.progress, total: leftRowCount, unit: .rows)
        let check = { (share: Double) throws in
            try options.checkCancellation()
            progress?.advance(toShare: share)
        }
        let status = try status()
        guard status.isComplete else {
            // A file that is there and is none says what is wrong with it.
            for group in try folder.presentGroups(of: manifest) where status.missingGroups.contains(group) {
                _ = try GroupFile.read(folder.group(group), group: group, of: manifest)
            }
            throw JobError(
                .incomplete,
                "\(status.missingGroups.count) of \(status.groupCount) groups are missing: \(status.missing)"
            )
        }
        let ids = try JobInputs(self, isSampled: true, withIDs: true).ids
        func group(_ i: Int) throws -> GroupResult {
            try GroupFile.read(folder.group(i), group: i, of: manifest)
        }
        switch manifest.kind.choice {
        case .search(let k, _) where !manifest.groupsHavePairs:
            let file = try NeighborFile(path: output, registeredIn: temporaryFiles)
            let nothing = NearestNeighbors(
                metric: metric,
                k: min(k, manifest.rightRows),
                offsets: [0],
                rows: [],
                scores: []
            )
            try file.write(
                parts: max(manifest.groupCount, 1),
                of: { i in
                    guard manifest.groupCount > 0, case .neighbors(let found) = try group(i) else { return nothing }
                    return found
                },
                ids: ids,
                check: { try check(Double($0) / Double(max(manifest.leftRows, 1))) }
            )
        case .search(let k, _):
            let file = try NeighborFile(path: output, registeredIn: temporaryFiles)
            let groups = try MergedPairs(groupFiles, of: manifest)
            let merged = MergedNeighbors(groups, rowCount: manifest.leftRows, k: min(k, manifest.rightRows), metric)
            try file.write(
                parts: merged.pieceCount,
                of: { try merged.piece($0) },
                ids: ids,
                check: { try check(Double($0) / Double(max(manifest.leftRows, 1))) }
            )
        case .join:
            let file = try PairFile(path: output, registeredIn: temporaryFiles)
            let merged = try MergedPairs(groupFiles, of: manifest)
            let total = Double(max(merged.count, 1))
            try file.write(
                parts: merged.pieces,
                of: { try merged.piece($0) },
                metric: metric,
                ids: ids,
                check: { try check(Double($0) / total) }
            )
        }
    }
}

extension Job {
    fileprivate var groupFiles: [(path: String, group: Int)] {
        (0..<manifest.groupCount).map { (folder.group($0), $0) }
    }
}

extension JobStatus {
    /// The missing groups, as ranges, the first few of them.
    public var missing: String {
        var ranges: [ClosedRange<Int>] = []
        for group in missingGroups {
            if let last = ranges.last, last.upperBound == group - 1 {
                ranges[ranges.count - 1] = last.lowerBound...group
            } else {
                ranges.append(group...group)
            }
        }
        let shown = ranges.prefix(8).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
        return shown.joined(separator: ", ") + (ranges.count > 8 ? ", ..." : "")
    }
}
