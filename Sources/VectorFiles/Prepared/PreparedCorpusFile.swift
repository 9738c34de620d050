// SPDX-License-Identifier: Apache-2.0

public import Similarity

/// Reads and writes prepared corpora, `C.simile`: prepare once, then search from any process without delay.
///
///     let prepared = try PreparedCorpus(try VectorFile.read("corpus.npy"))
///     try PreparedCorpusFile.write(prepared, to: "corpus.simile", rows: .of("corpus.npy"))
///     let found = try PreparedCorpusFile.read("corpus.simile").nearest(to: queries, k: 10)
///
/// The file holds codes, not the rows that every result is computed from. It names the file that has them, by its path from
/// its own folder, so that both can be moved together; or it embeds them. The format is described byte by byte in
/// <doc:PreparedFormat>.
public enum PreparedCorpusFile {
    /// Where the rows of a prepared corpus are.
    public struct Rows: Sendable, Hashable {
        let path: String?
        let areEmbedded: Bool

        /// In the vector file that they were read from, which stays where it is beside the prepared one. Ids are those that stand beside it
        /// when the prepared file is read.
        public static func of(_ path: String) -> Rows { Rows(path: path, areEmbedded: false) }

        /// In the prepared file itself, as they are stored, with their ids.
        public static let embedded = Rows(path: nil, areEmbedded: true)

        /// The same, and the file names where they came from.
        public static func embedded(from path: String) -> Rows { Rows(path: path, areEmbedded: true) }
    }

    /// The prepared corpus of a file, memory-mapped: codes are used where they lie.
    ///
    /// The checksum is verified, and the source, unless its rows are embedded, is held to what it was: a missing or changed
    /// one is refused (a copy, or a file that was only touched, is not). Neither file may be shortened or changed in place
    /// while the corpus is in use.
    ///
    /// - Complexity: reads the file once and at most 66 MiB of the source, or all of it if its time has changed.
    /// - Throws: ``VectorFileError`` that names file and place. No file can end the process, one that was made for that
    ///   purpose included; but what such a file makes a search find is its maker's affair.
    public static func read(_ path: String) throws(VectorFileError) -> PreparedCorpus {
        try PreparedCorpusReader(path).corpus()
    }

    /// Writes a prepared corpus.
    ///
    /// - Parameters:
    ///   - prepared: The corpus.
    ///   - path: The file, whose name ends in `.simile`; it appears whole or not at all.
    ///   - rows: Where the rows are to be found when the file is read.
    /// - Complexity: reads the source once, and compares its rows with those of the corpus unless they are embedded.
    /// - Throws: ``VectorFileError``; there is then no partial file. A source that has other rows is refused.
    public static func write(
        _ prepared: PreparedCorpus,
        to path: String,
        rows: Rows
    ) throws(VectorFileError) {
        do {
            let writer = try PreparedCorpusWriter(path: path)
            let source = try rows.path.map { try PreparedSource($0) }
            if let source, !rows.areEmbedded { try source.requireRows(of: prepared.vectors) }
            try writer.write(prepared, source: source, embeddingSource: rows.areEmbedded)
        } catch let error as VectorFileError {
            throw error
        } catch {
            throw .notWritten(path, "\(error)")
        }
    }
}
