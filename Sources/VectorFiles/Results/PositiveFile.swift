// SPDX-License-Identifier: Apache-2.0

package import Similarity
internal import StrictJSON

/// Reads which rows of a corpus answer which queries.
///
/// - `.jsonl`: `{"query":0,"positives":[5,7]}` a line, or `{"query":0,"positive":5}`; a query may have several lines. Texts and numbers
///   that are ids on their side are taken for these, where the side has ids.
/// - `.csv`: the columns `query` and `positive`.
package enum PositiveFile {
    /// The positives of each query, in the order of the file.
    ///
    /// - Throws: ``VectorFileError`` that names the line whose rows are none.
    package static func read(
        _ path: String,
        queries: VectorMatrix,
        corpus: VectorMatrix
    ) throws(VectorFileError) -> [[Int]] {
        let format = try FileFormat.of(path, among: [.jsonl, .csv], for: "positives")
        var positives = [[Int]](repeating: [], count: queries.rowCount)
        let (left, right) = (RowNames(queries), RowNames(corpus))
        func add(_ query: JSONValue?, _ rows: [JSONValue], _ line: Int) throws(VectorFileError) {
            guard let query = query.flatMap({ left.row($0) }) else {
                throw .refused(
                    path,
                    place: "line \(line)",
                    "expected a query of 0 to \(queries.rowCount - 1), or its id, found \(query?.summary ?? "none")"
                )
            }
            for value in rows {
                guard let row = right.row(value) else {
                    throw .refused(
                        path,
                        place: "line \(line)",
                        "expected a row of 0 to \(corpus.rowCount - 1), or its id, found \(value.summary)"
                    )
                }
                if !positives[query].contains(row) { positives[query].append(row) }
            }
        }
        if format == .csv {
            var records = try CSVRecords(path)
            let names = try records.next()?.fields ?? []
            guard let queryColumn = names.firstIndex(of: "query"), let rowColumn = names.firstIndex(of: "positive")
            else {
                throw .refused(
                    path,
                    place: "line 1",
                    "expected the columns query and positive, found \(names.joined(separator: ", "))"
                )
            }
            while let (line, fields) = try records.next() {
                if fields == [""] { continue }
                guard fields.count == names.count else {
                    throw .refused(path, place: "line \(line)", "expected \(names.count) fields, found \(fields.count)")
                }
                func value(_ text: String) -> JSONValue { Int64(text).map { .integer($0) } ?? .string(text) }
                try add(value(fields[queryColumn]), [value(fields[rowColumn])], line)
            }
            return positives
        }
        var lines = try TextLines(path)
        while let line = try lines.next() {
            guard let object = try JSONLines.object(line.text, line.number, path) else { continue }
            guard let rows = object["positives"]?.elements ?? object["positive"].map({ [$0] }) else {
                throw .refused(
                    path,
                    place: "line \(line.number)",
                    "expected a field \"positive\" or \"positives\", found neither"
                )
            }
            try add(object["query"], rows, line.number)
        }
        return positives
    }
}

/// What rows of a side are called: by their ids if there are some, else, or for integers that are no ids, by their numbers.
private struct RowNames {
    private let count: Int
    private let rows: [RowID: Int]

    init(_ matrix: VectorMatrix) {
        count = matrix.rowCount
        rows = Dictionary((matrix.ids ?? []).enumerated().map { ($1, $0) }) { first, _ in first }
    }

    func row(_ value: JSONValue) -> Int? {
        guard let id = value.id else { return nil }
        if let row = rows[id] { return row }
        return value.integer.flatMap { 0..<count ~= $0 ? $0 : nil }
    }
}
