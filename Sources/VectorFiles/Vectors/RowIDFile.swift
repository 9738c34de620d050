// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import StrictJSON

/// The ids that stand beside a vector file: `v.npy` has them in `v.ids.jsonl`, one `{"row":0,"id":...}` a line.
enum RowIDFile {
    static func path(besides path: String) -> String { path.withoutPathEnding + ".ids.jsonl" }

    static func readIfPresent(besides vectorPath: String, rowCount: Int) throws(VectorFileError) -> [RowID]? {
        let path = path(besides: vectorPath)
        guard FileIdentity(path: path) != nil else { return nil }
        if rowCount == 0 { return [] }
        let bytes = try VectorFile.mapped(path)
        return try bytes.withBytes { span throws(VectorFileError) in
            try read(span, path: path, rowCount: rowCount, of: vectorPath)
        }
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
            guard let id = object["id"]?.id else {
                throw .refused(path, place: "line \(line)", "expected a field \"id\" with an integer or a string")
            }
            if let row = object["row"]?.integer, row != ids.count {
                throw .refused(path, place: "line \(line)", "expected row \(ids.count), found row \(row)")
            }
            ids.append(id)
        }
        guard ids.count == rowCount else {
            throw .refused(path, "expected \(rowCount) ids, one for each row of \(vectorPath), found \(ids.count)")
        }
        return ids
    }

    static func line(_ row: Int, _ id: RowID) -> String { "{\"row\":\(row),\"id\":\(JSONText.of(id))}\n" }
}
