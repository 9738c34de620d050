// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import SimilarityKernels
internal import System

extension PreparedCorpusReader {
    /// What has become of the file that a corpus was prepared from.
    package enum SourceState: String, Sendable {
        /// None is named.
        case none
        case unchanged, changed, missing
    }

    /// The file that the corpus was prepared from, where it should be now; nil if none is named.
    package var sourcePath: String? { header.source.map { RelativePath.resolved($0.path, from: path) } }

    /// The source that a prepared file names, without a look at the rest of it; nil if it names none or cannot be read.
    package static func sourcePath(namedBy path: String) -> String? {
        guard FileFormat(path: path) == .simile, let bytes = try? VectorFile.mapped(path) else { return nil }
        let header = try? bytes.withBytes { span throws(VectorFileError) in
            try PreparedHeader.unverified(span, path: path)
        }
        return header?.source.map { RelativePath.resolved($0.path, from: path) }
    }

    /// What has become of that file.
    ///
    /// - Complexity: reads at most 66 MiB of it, or all of it if its time has changed.
    package var sourceState: SourceState {
        guard let source = header.source, let sourcePath else { return .none }
        guard FileIdentity(path: sourcePath.vectorFilePath) != nil, let bytes = try? VectorFile.mapped(sourcePath)
        else {
            return .missing
        }
        return source.fingerprint.difference(from: sourcePath, bytes: bytes) == nil ? .unchanged : .changed
    }

    /// The rows of the source, if it is what it was.
    func sourceRows(withIDs: Bool) throws(VectorFileError) -> VectorMatrix {
        // The header has been read: without embedded rows it names a source.
        guard let source = header.source, let sourcePath else { preconditionFailure("no rows and no source") }
        func refuse(_ message: String) -> VectorFileError { .refused(path, place: "source", message) }
        guard let format = FileFormat(path: sourcePath), FileFormat.vectors.contains(format) else {
            throw refuse("expected the name of a vector file, found \(source.path)")
        }
        guard FileIdentity(path: sourcePath.vectorFilePath) != nil else {
            throw refuse("expected the file it was prepared from, \(sourcePath), found none")
        }
        let bytes: SharedBytes
        do {
            bytes = try SharedBytes(mapping: sourcePath.vectorFilePath)
        } catch {
            throw refuse("cannot \(error.operation) \(sourcePath): \(error.reason)")
        }
        if let difference = source.fingerprint.difference(from: sourcePath, bytes: bytes) {
            throw refuse("\(sourcePath) has changed since it was prepared: \(difference)")
        }
        let rows = try VectorFile.matrix(bytes, path: sourcePath, format: format, withIDs: withIDs)
        guard rows.rowCount == header.rowCount, rows.dimension == header.dimension,
            rows.storage.elementType == header.elementType
        else {
            throw refuse(
                "expected \(header.rowCount) x \(header.dimension) components of \(header.elementType) in "
                    + "\(sourcePath), found \(rows.rowCount) x \(rows.dimension) of \(rows.storage.elementType)"
            )
        }
        return rows
    }

    /// What the file says about itself, without the rows.
    package var summary: Summary {
        Summary(
            version: Int(header.version),
            metric: header.metric,
            rowCount: header.rowCount,
            codedRowCount: header.codedRowCount,
            dimension: header.dimension,
            prefix: header.prefix,
            elementType: header.elementType,
            fileByteCount: byteCount,
            embedsRows: header.embedsRows,
            source: header.source?.path
        )
    }

    /// See ``summary``.
    package struct Summary: Sendable {
        package let version: Int
        package let metric: Metric
        package let rowCount: Int
        package let codedRowCount: Int
        package let dimension: Int
        package let prefix: Int
        package let elementType: ElementType
        package let fileByteCount: Int
        package let embedsRows: Bool
        /// As the file names it.
        package let source: String?
    }
}
