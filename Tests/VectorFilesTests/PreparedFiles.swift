// SPDX-License-Identifier: Apache-2.0
//
// Prepared files of the tests, and a small writer that changes them and gives them a right checksum again. It knows the
// format from its description alone.

import Foundation
import Similarity
import SimilarityKernels
import Testing
import VectorFiles
import VectorTestSupport

enum PreparedFiles {
    /// Rows like embeddings, with a zero row: enough of them for a rotation.
    static func rows(_ count: Int = 300, dimension: Int = 24, seed: UInt64 = 1) -> VectorMatrix {
        var rows = embeddingLikeRows(count: count, dimension: dimension, seed: seed)
        if count > 3 { rows[3] = rows[3].map { _ in 0 } }
        return rows.isEmpty ? VectorMatrix(rowCount: 0, dimension: dimension, values: []) : VectorMatrix(rows: rows)
    }

    /// Writes rows to `v.npy` and what is prepared from it to `C.simile`; returns the path of that.
    static func make(
        in folder: String,
        rows: VectorMatrix = rows(),
        metric: Metric = .cosine,
        embeddingSource: Bool = false,
        level: KernelLevel = .current
    ) throws -> String {
        let source = folder + "/v.npy"
        try VectorFile.write(rows, to: source)
        var options = RunOptions()
        options.level = level
        let prepared = try PreparedCorpus(try VectorFile.read(source), metric: metric, options: options)
        let path = folder + "/C.simile"
        try PreparedCorpusFile.write(prepared, to: path, rows: embeddingSource ? .embedded(from: source) : .of(source))
        return path
    }

    /// Whether a prepared corpus finds what comparing all pairs of its source finds.
    static func expectSameResults(
        _ prepared: PreparedCorpus,
        as rows: VectorMatrix,
        level: KernelLevel = .current,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let options = RunOptions(engine: .reference)
        var bounded = RunOptions()
        bounded.level = level
        let metric = prepared.metric
        let expected = try rows.nearest(to: rows, k: 5, metric: metric, excludingSelf: true, options: options)
        let found = try prepared.nearest(to: rows, k: 5, excludingSelf: true, options: bounded)
        #expect(found.offsets == expected.offsets && found.rows == expected.rows, sourceLocation: sourceLocation)
        #expect(found.scores.map(\.bitPattern) == expected.scores.map(\.bitPattern), sourceLocation: sourceLocation)
        let threshold =
            expected.scores.isEmpty ? 0 : expected.scores.sorted()[expected.scores.count / 2]
        let pairs = try rows.selfJoin(threshold: threshold, metric: metric, options: options).pairs
        #expect(
            try prepared.selfJoin(threshold: threshold, options: bounded).pairs == pairs,
            sourceLocation: sourceLocation
        )
        #expect(prepared.vectors.ids == rows.ids, sourceLocation: sourceLocation)
    }
}

/// A prepared file that is changed at will.
struct ForgedFile {
    var bytes: [UInt8]

    init(_ path: String) throws { bytes = try TestFiles.bytes(path) }

    func number(at place: Int) -> Int {
        (0..<8).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    mutating func put<T: FixedWidthInteger>(_ value: T, at place: Int) {
        for i in 0..<T.bitWidth / 8 { bytes[place + i] = UInt8(truncatingIfNeeded: value >> T(8 * i)) }
    }

    mutating func put(_ text: String, at place: Int) {
        for (i, byte) in text.utf8.enumerated() { bytes[place + i] = byte }
    }

    /// Gives the file a right checksum.
    mutating func seal() {
        put(Checksum64.of(bytes.span.extracting(0..<bytes.count - 8)), at: bytes.count - 8)
    }

    func write(to path: String) throws { try TestFiles.write(bytes, to: path) }

    /// Offsets of sections; 0 for an absent one.
    var rotation: Int { number(at: 80) }
    var codes: Int { number(at: 96) }
    var rows: Int { number(at: 112) }
    var ids: Int { number(at: 128) }

    /// Where the norms of the codes begin, after four bytes a row.
    var norms: Int { codes + ((number(at: 56) + 15) / 16 * 16 * 4 + 63) / 64 * 64 }
}
