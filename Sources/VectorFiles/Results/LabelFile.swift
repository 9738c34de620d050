// SPDX-License-Identifier: Apache-2.0

internal import Parquet
public import Similarity
internal import StrictJSON
package import System

/// Writes which group each row is in; the format is told by the ending of the name.
///
/// - `.jsonl`: `{"row":0,"cluster":3,"score":0.8}`, with `"id"` after the row if there are ids; null for a row in no group.
/// - `.csv`: `row,cluster,score`, with `id` at the end if there are ids; nothing for a row in no group.
/// - `.npy`: the numbers of the groups (int64); -1 for a row in no group.
/// - `.parquet`: the columns of `.csv`; nulls for a row in no group.
public struct LabelFile {
    private let file: AtomicFile
    private let format: FileFormat

    /// A file that is made when labels are written.
    ///
    /// - Throws: ``VectorFileError`` if the ending says none of these formats or the folder cannot be written to.
    public init(path: String) throws(VectorFileError) { try self.init(path: path, registeredIn: nil) }

    package init(path: String, registeredIn registry: TemporaryFiles?) throws(VectorFileError) {
        format = try FileFormat.of(path, among: [.jsonl, .csv, .npy, .parquet], for: "labels")
        file = try AtomicFile(path, registeredIn: registry)
    }

    /// Writes the cluster of each row and its score, whole or not at all.
    ///
    /// - Parameters:
    ///   - clustering: What a clustering found.
    ///   - ids: Those of the rows, if they have some, one a row.
    /// - Throws: ``VectorFileError`` if it cannot be written.
    /// - Precondition: as many ids as rows.
    public func write(_ clustering: Clustering, ids: [RowID]? = nil) throws {
        precondition(ids.map { $0.count == clustering.labels.count } ?? true, "an id for each row")
        try write(
            clustering.labels,
            group: "cluster",
            score: { clustering.scores[$0] },
            scoreName: clustering.metric.scoreName,
            ids: ids,
            check: { _ in }
        )
    }

    /// Writes a line a row and publishes the file.
    ///
    /// - Parameters:
    ///   - group: What a group is called, e.g. `cluster`.
    ///   - score: The score of each row in its group, as it is reported; nil where there is none.
    ///   - scoreName: `score` or `distance`.
    package func write(
        _ labels: [Int?],
        group: String,
        score: (Int) -> Float?,
        scoreName: String,
        ids: [RowID]?,
        check: (Int) throws -> Void
    ) throws {
        if format == .parquet {
            try writeColumns(labels, group: group, score: score, scoreName: scoreName, ids: ids, check: check)
            try file.finish()
            return try file.publish()
        }
        switch format {
        case .csv: file.write("row,\(group),\(scoreName)" + (ids == nil ? "" : ",id") + "\n")
        case .npy: file.write(NumpyHeader.bytes(descriptor: "<i8", shape: [labels.count]))
        default: break
        }
        for (row, label) in labels.enumerated() {
            if row % 8192 == 0 { try check(row) }
            let value = label == nil ? nil : score(row)
            switch format {
            case .csv:
                let fields = ["\(row)", label.map { "\($0)" } ?? "", value.map { "\($0)" } ?? ""]
                file.write(fields.joined(separator: ",") + (ids.map { "," + CSVText.of($0[row]) } ?? "") + "\n")
            case .npy:
                try file.write(littleEndian: [Int64(label ?? -1)])
            default:
                let line = JSONWriter.line { line in
                    line.field("row", row)
                    line.field("id", ifAny: ids?[row])
                    line.field(group, label)
                    line.field(scoreName, value)
                }
                file.write(line)
            }
            try file.flushIfLarge()
        }
        try check(labels.count)
        try file.finish()
        try file.publish()
    }
}

extension LabelFile {
    private func writeColumns(
        _ labels: [Int?],
        group: String,
        score: (Int) -> Float?,
        scoreName: String,
        ids: [RowID]?,
        check: (Int) throws -> Void
    ) throws {
        var output = ParquetOutput(
            file,
            [
                .init("row", .int64), .init(group, .int64, isOptional: true),
                .init(scoreName, .float, isOptional: true),
            ] + (ids.map { [$0.parquetField("id")] } ?? [])
        )
        let areIntegers = ids?.areIntegers ?? false
        for start in stride(from: 0, to: labels.count, by: ParquetOutput.batch) {
            try check(start)
            let rows = Array(start..<min(start + ParquetOutput.batch, labels.count))
            try output.append(
                [
                    .integers(rows.map { Int64($0) }), .integers(rows.map { labels[$0].map(Int64.init) }),
                    .floats(rows.map { labels[$0] == nil ? nil : score($0) }),
                ] + (ids.map { [$0.parquetColumn(rows, areIntegers: areIntegers)] } ?? []),
                rowCount: rows.count
            )
        }
        try check(labels.count)
        try output.finish()
    }

    /// The labels of an `.npy` file of one dimension: 64-bit or 32-bit integers, negative ones for rows in no group.
    ///
    /// - Throws: ``VectorFileError`` if it is no such file.
    package static func read(_ path: String) throws(VectorFileError) -> [Int] {
        _ = try FileFormat.of(path, among: [.npy], for: "labels that are read")
        let bytes = try VectorFile.mapped(path)
        return try bytes.withBytes { span throws(VectorFileError) in
            let header = try NumpyHeader(span, path: path)
            let width = header.descriptor == "<i8" ? 8 : header.descriptor == "<i4" ? 4 : 0
            guard width > 0, header.shape.count == 1, header.shape[0] <= span.count / width,
                span.count - header.dataOffset == header.shape[0] * width
            else {
                throw .refused(
                    path,
                    place: "header",
                    "expected one dimension of integers ('<i8' or '<i4'), found '\(header.descriptor)' of shape \(header.shape)"
                )
            }
            return (0..<header.shape[0]).map { i in
                let place = header.dataOffset + i * width
                return width == 8
                    ? Int(span.integer(Int64.self, at: place)) : Int(span.integer(Int32.self, at: place))
            }
        }
    }
}
