// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import VectorFiles

/// What lies in the folder of a job, and where.
///
/// - `manifest.json`: what the job is.
/// - `groups/00000012.group`: the result of group 12, once it is there.
/// - `corpus.simile`: the corpus, prepared for all parts; `corpus.lock` is held while one of them makes it.
struct JobFolder {
    let path: String

    var manifest: String { path + "/manifest.json" }
    var groups: String { path + "/groups" }
    var corpus: String { path + "/corpus.simile" }
    var lock: String { path + "/corpus.lock" }

    func group(_ group: Int) -> String {
        let digits = String(group)
        return "\(groups)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).group"
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

    /// The groups that there are files of, in order.
    func finishedGroups(of count: Int) throws -> [Int] {
        try FolderAccess.names(in: groups).compactMap { name in
            guard name.hasSuffix(".group"), let number = Int(name.dropLast(6)), (0..<count).contains(number),
                group(number).hasSuffix("/" + name)
            else { return nil }
            return number
        }.sorted()
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
