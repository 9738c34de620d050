// SPDX-License-Identifier: Apache-2.0

internal import System
internal import VectorFiles

/// Where the rows of an input come from: the file itself and, of a prepared corpus, the file it was prepared from.
enum InputOrigin {
    /// Whether two inputs have the same rows: they are one file, or one is prepared from the other, or both from a third. A
    /// file that is missing is left for its reader to tell.
    static func areSame(_ left: String, _ right: String) -> Bool {
        guard FileIdentity(path: left.vectorFilePath) != nil, FileIdentity(path: right.vectorFilePath) != nil else {
            return true
        }
        guard left.tensorName == right.tensorName else { return false }
        let rightFiles = files(of: right)
        return files(of: left).contains { rightFiles.contains($0) }
    }

    private static func files(of path: String) -> [FileIdentity] {
        [FileIdentity(path: path.vectorFilePath), source(of: path).flatMap { FileIdentity(path: $0) }].compactMap { $0 }
    }

    /// The source of a prepared corpus, if its rows are the ones in the corpus: those that are embedded may be older.
    private static func source(of path: String) -> String? {
        guard FileFormat(path: path) == .simile, let reader = try? PreparedCorpusReader(path) else { return nil }
        return reader.sourceState == .unchanged ? reader.sourcePath : nil
    }
}
