// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// What lies in the folder of a job, and where.
///
/// - `manifest.json`: what the job is.
/// - `groups/00000012.group`: the result of group 12, once it is there.
/// - `groups/00000012.lock`: held by the process that computes group 12, and removed by it.
/// - `corpus.simile`: the corpus, prepared for all parts; `corpus.lock` is held while one of them makes it.
/// - `owner.lock`: held by a command that removes the folder when it is done.
struct JobFolder {
    let path: String

    var manifest: String { path + "/manifest.json" }
    var groups: String { path + "/groups" }
    var corpus: String { path + "/corpus.simile" }
    var lock: String { path + "/corpus.lock" }
    /// Held by a command that keeps what it has done in this folder and removes it at the end.
    var ownerLock: String { path + "/owner.lock" }

    func group(_ group: Int) -> String { groupStem(group) + ".group" }
    func groupLock(_ group: Int) -> String { groupStem(group) + ".lock" }

    private func groupStem(_ group: Int) -> String {
        let digits = String(group)
        return "\(groups)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
    }

    /// Makes the folders, if they are not there.
    func make() throws(VectorFileError) {
        do {
            try FolderAccess.make(path)
            try FolderAccess.make(groups)
        } catch {
            throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
        }
    }

    /// What lies in the folder of groups. One that is not there, as a command leaves it that is killed while it removes a job, is empty.
    func groupFolderNames() throws -> [String] {
        FileIdentity(path: groups) == nil ? [] : try FolderAccess.names(in: groups)
    }

    /// The groups that there are files of, whatever is in them, in order.
    func presentGroups(of manifest: JobManifest) throws -> [Int] {
        try groupFolderNames().compactMap { name in
            guard name.hasSuffix(".group"), let number = Int(name.dropLast(6)),
                (0..<manifest.groupCount).contains(number), group(number).hasSuffix("/" + name)
            else { return nil }
            return number
        }.sorted()
    }

    /// The groups of this job that there are whole files of, in order, and whether they are all of one order, which they have. Heads and sizes
    /// are looked at: a file that is empty, cut or of another job is none. Of several orders the one that most groups have counts.
    func finishedGroups(of manifest: JobManifest) throws -> (groups: [Int], order: UInt64?) {
        var groups: [UInt64: [Int]] = [:]
        for number in try presentGroups(of: manifest) {
            guard let order = GroupFile.order(group(number), group: number, of: manifest),
                (order != 0) == manifest.hasBlockGroups
            else { continue }
            groups[order, default: []].append(number)
        }
        let most = groups.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        return (most?.value ?? [], groups.count == 1 ? most?.key : nil)
    }

    /// The path of an input from where the process is.
    func located(_ input: JobInput) -> String { RelativePath.resolved(input.path, from: manifest) }

    /// Refuses a file that is not what it was.
    ///
    /// - Parameter isWhole: Whether all bytes are read, and not a sample of them.
    func require(_ input: JobInput, isWhole: Bool) throws {
        let path = located(input).vectorFilePath
        let bytes = try VectorFile.mapped(path)
        let fingerprint = input.fingerprint
        var difference = fingerprint.difference(from: path, bytes: bytes)
        if difference == nil, isWhole {
            let found = bytes.withBytes { Checksum64.of($0) }
            if found != fingerprint.wholeChecksum {
                difference =
                    "expected contents with the checksum \(fingerprint.wholeChecksum.hexadecimal), "
                    + "found \(found.hexadecimal)"
            }
        }
        if let difference { throw JobError(.changed, "\(path) has changed since the job was planned: \(difference)") }
    }
}
