// SPDX-License-Identifier: Apache-2.0

package import Similarity
internal import SimilarityKernels
package import System

/// Writes a prepared corpus; see ``PreparedCorpusFile``.
package struct PreparedCorpusWriter {
    private let path: String
    private let file: ChecksummedFile

    /// Looks at the name and makes the temporary file, so that an output that cannot be written is known before the work
    /// begins.
    package init(path: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        _ = try FileFormat.of(path, among: [.simile], for: "prepared corpora")
        self.path = path
        file = try ChecksummedFile(path, registeredIn: registry)
    }

    /// Writes the corpus and publishes the file.
    ///
    /// - Parameters:
    ///   - source: The file that the rows came from, taken before they were read: if it has changed since, nothing is written.
    ///   - check: Called now and then; throws to give up.
    package func write(
        _ prepared: PreparedCorpus,
        source: PreparedSource?,
        embeddingSource: Bool,
        check: () throws -> Void = {}
    ) throws {
        let vectors = prepared.vectors
        let ids = embeddingSource ? vectors.ids.map { Self.lines($0) } : nil
        let rotation = prepared.encoding.rotation
        let header = PreparedHeader(
            metric: prepared.metric,
            dimension: vectors.dimension,
            rowCount: vectors.rowCount,
            codedRowCount: prepared.coded.rowCount,
            prefix: prepared.prefix,
            profile: prepared.coded.shape.profile,
            codesTail: prepared.coded.shape.rest == 0,
            rotationDefect: rotation.isIdentity ? nil : rotation.defect,
            elementType: vectors.storage.elementType,
            embedsRows: embeddingSource,
            idByteCount: ids?.count,
            source: source.map {
                PreparedHeader.Source(path: RelativePath.of($0.path, from: path), fingerprint: $0.fingerprint)
            }
        )
        guard let layout = PreparedLayout(header), layout.image == prepared.coded.image else {
            throw VectorFileError.notWritten(path, "\(vectors.rowCount) rows are too many for a prepared corpus")
        }
        try file.write(header.bytes(layout).span)
        try write(floats: rotation.matrix, at: layout.rotation)
        try begin(layout.codes)
        try prepared.coded.withImage { try file.write($0, check: check) }
        if embeddingSource { try write(vectors.storage, at: layout.rows, check: check) }
        try begin(layout.ids)
        if let ids { try file.write(ids.span, check: check) }
        try file.pad(to: layout.contentLength)
        try check()
        try source?.requireUnchanged()
        try check()
        try file.commit()
    }

    /// Goes on to a section; an empty one has no place.
    private func begin(_ section: Range<Int>) throws(VectorFileError) {
        if !section.isEmpty { try file.pad(to: section.lowerBound) }
    }

    private func write(floats: [Float], at section: Range<Int>) throws(VectorFileError) {
        try begin(section)
        for start in stride(from: 0, to: floats.count, by: 1 << 14) {
            var bytes: [UInt8] = []
            bytes.append(littleEndian: floats[start..<min(start + 1 << 14, floats.count)])
            try file.write(bytes.span)
        }
    }

    private func write(_ rows: RowStorage, at section: Range<Int>, check: () throws -> Void) throws {
        try begin(section)
        for row in 0..<rows.rowCount {
            if row % 1024 == 0 { try check() }
            try rows.withBytes(ofRow: row) { bytes throws(VectorFileError) in try file.write(bytes) }
        }
    }

    /// Ids, one JSON object a line, as they stand beside a vector file.
    private static func lines(_ ids: [RowID]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (row, id) in ids.enumerated() { bytes += RowIDFile.line(row, id) }
        return bytes
    }
}
