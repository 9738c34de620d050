// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import System

/// The ids that stand beside a vector file, and the lines of the source that its rows came from.
///
/// `v.npy` has them in `v.npy.ids.jsonl`. The first line says which file they belong to, by its rows, its size and its sampled
/// checksum (``FileFingerprint``), so that ids never stay with vectors that were written anew without them:
/// `{"rows":2,"bytes":144,"checksum":"0123456789abcdef"}`. Then one line a row: `{"row":0,"id":"a"}`, with `"line":7` where rows
/// of the source were left out. A first line with `"ids":false` says that the rows have no ids.
enum RowIDFile {
    static func path(besides path: String) -> String { path + ".ids.jsonl" }

    /// Where earlier versions put the ids: beside everything with the same stem.
    static func earlierPath(besides path: String) -> String { path.withoutPathEnding + ".ids.jsonl" }

    static func readIfPresent(
        besides vectorPath: String,
        vectors: SharedBytes,
        rowCount: Int
    ) throws(VectorFileError) -> [RowID]? {
        let path = path(besides: vectorPath)
        if FileIdentity(path: path) != nil {
            let bytes = try VectorFile.mapped(path)
            return try bytes.withBytes { span throws(VectorFileError) in
                try readBound(span, path: path, to: vectorPath, vectors: vectors, rowCount: rowCount)
            }
        }
        let earlier = earlierPath(besides: vectorPath)
        guard FileIdentity(path: earlier) != nil, isOnlyOneOfItsStem(vectorPath) else { return nil }
        if rowCount == 0 { return [] }
        let bytes = try VectorFile.mapped(earlier)
        return try bytes.withBytes { span throws(VectorFileError) in
            try read(span, path: earlier, rowCount: rowCount, of: vectorPath)
        }
    }

    /// Whether an earlier version's file of ids can belong to nobody else.
    private static func isOnlyOneOfItsStem(_ vectorPath: String) -> Bool {
        let stem = vectorPath.withoutPathEnding
        return FileFormat.vectors.filter { FileIdentity(path: "\(stem).\($0.rawValue)") != nil }.count <= 1
    }

    /// The ids of `rowCount` rows of the vectors in `vectorPath`, from the lines of `path` or of a part of it.
    static func read(
        _ bytes: Span<UInt8>,
        path: String,
        rowCount: Int,
        of vectorPath: String
    ) throws(VectorFileError) -> [RowID] {
        var ids: [RowID] = []
        try JSONLines.read(bytes, path: path) { line, object throws(VectorFileError) in
            ids.append(try id(object, row: ids.count, line: line, path: path))
        }
        return try counted(ids, rowCount, path: path, of: vectorPath)
    }

    /// The same behind a first line that says which file the ids belong to; nil if it says that there are none.
    private static func readBound(
        _ bytes: Span<UInt8>,
        path: String,
        to vectorPath: String,
        vectors: SharedBytes,
        rowCount: Int
    ) throws(VectorFileError) -> [RowID]? {
        var ids: [RowID] = []
        var isBound = false
        var hasIDs = true
        try JSONLines.read(bytes, path: path) { line, object throws(VectorFileError) in
            if isBound {
                if hasIDs { ids.append(try id(object, row: ids.count, line: line, path: path)) }
                return
            }
            try requireBound(object, line, path: path, to: vectorPath, vectors: vectors, rowCount: rowCount)
            isBound = true
            hasIDs = object["ids"]?.flag != false
        }
        return hasIDs ? try counted(ids, rowCount, path: path, of: vectorPath) : nil
    }

    private static func requireBound(
        _ header: JSONValue,
        _ line: Int,
        path: String,
        to vectorPath: String,
        vectors: SharedBytes,
        rowCount: Int
    ) throws(VectorFileError) {
        guard let rows = header["rows"]?.integer, let size = header["bytes"]?.integer,
            let checksum = header["checksum"]?.text
        else {
            throw .refused(
                path,
                place: "line \(line)",
                "expected the rows, bytes and checksum of \(vectorPath) before the ids, found another object"
            )
        }
        let found = vectors.withBytes { FileFingerprint.sampledChecksum($0) }.hexadecimal
        guard rows == rowCount, size == vectors.byteCount, checksum == found else {
            throw .refused(
                path,
                place: "line \(line)",
                "expected the ids of \(vectorPath) as it is (\(rowCount) rows, \(vectors.byteCount) bytes, checksum \(found)), "
                    + "found those of a file of \(rows) rows, \(size) bytes, checksum \(checksum.prefix(16)); "
                    + "remove this file, or write both again"
            )
        }
    }

    private static func id(
        _ object: JSONValue,
        row: Int,
        line: Int,
        path: String
    ) throws(VectorFileError) -> RowID {
        guard let id = object["id"]?.id else {
            let found = object["id"]?.summary ?? "no such field"
            throw .refused(
                path,
                place: "line \(line)",
                "expected \(JSONValue.idDescription) in the field \"id\", found \(found)"
            )
        }
        if let found = object["row"]?.integer, found != row {
            throw .refused(path, place: "line \(line)", "expected row \(row), found row \(found)")
        }
        return id
    }

    private static func counted(
        _ ids: [RowID],
        _ rowCount: Int,
        path: String,
        of vectorPath: String
    ) throws(VectorFileError) -> [RowID] {
        guard ids.count == rowCount else {
            throw .refused(path, "expected \(rowCount) ids, one for each row of \(vectorPath), found \(ids.count)")
        }
        return ids
    }

    /// The first line, always of the same length, so that it can be written before the vectors are known.
    static func header(rowCount: Int, vectors: SharedBytes?, hasIDs: Bool) -> [UInt8] {
        let checksum = vectors?.withBytes { FileFingerprint.sampledChecksum($0) } ?? 0
        let text = JSONWriter.object { line in
            line.field("rows", rowCount)
            line.field("bytes", vectors?.byteCount ?? 0)
            line.field("checksum", checksum.hexadecimal)
            line.field("ids", ifAny: hasIDs ? nil : false)
        }
        return text + [UInt8](repeating: UInt8(ascii: " "), count: 120 - text.count) + [UInt8(ascii: "\n")]
    }

    /// The line of a row.
    static func line(_ row: Int, _ id: RowID?, sourceLine: Int? = nil) -> [UInt8] {
        JSONWriter.line { line in
            line.field("row", row)
            line.field("id", ifAny: id)
            line.field("line", ifAny: sourceLine)
        }
    }
}
