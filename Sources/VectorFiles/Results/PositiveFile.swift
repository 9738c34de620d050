// SPDX-License-Identifier: Apache-2.0

package import Similarity
internal import StrictJSON

/// Reads which rows of a corpus answer which queries.
///
/// - `.jsonl`: `{"query":0,"positives":[5,7]}` a line, or `{"query":0,"positive":5}`; a query may have several lines. Answers that are not equally good have
///   `"grades":[2,1]` or `"grade":2` beside them.
/// - `.csv`: the columns `query` and `positive`, and `grade` if there are grades.
///
/// A row of grade 0 was looked at and found to be no answer, and is left out.
///
/// A side that has ids is named by them and by nothing else: a number that is no id would otherwise be taken for a row. In a `.csv` file, which
/// has no types, digits are the id of these digits, whether it is a text or a number.
package enum PositiveFile {
    /// The positives of each query, in the order of the file.
    ///
    /// - Throws: ``VectorFileError`` that names the line whose rows are none.
    package static func read(
        _ path: String,
        queries: VectorMatrix,
        corpus: VectorMatrix
    ) throws(VectorFileError) -> [[RelevantRow]] {
        let format = try FileFormat.of(path, among: [.jsonl, .csv], for: "positives")
        var positives = [[RelevantRow]](repeating: [], count: queries.rowCount)
        var grades = [[Int: Float]](repeating: [:], count: queries.rowCount)
        let isUntyped = format == .csv
        let (left, right) = (RowNames(queries, isUntyped: isUntyped), RowNames(corpus, isUntyped: isUntyped))
        func add(
            _ query: JSONValue?,
            _ rows: [JSONValue],
            _ ranks: [JSONValue]?,
            _ line: Int
        ) throws(VectorFileError) {
            guard let query = query.flatMap({ left.row($0) }) else {
                throw .refused(
                    path,
                    place: "line \(line)",
                    "expected \(left.expectation("query")), found \(query?.summary ?? "none")"
                )
            }
            if let ranks, ranks.count != rows.count {
                throw .refused(
                    path,
                    place: "line \(line)",
                    "expected as many grades as positives, found \(ranks.count) and \(rows.count)"
                )
            }
            for (place, value) in rows.enumerated() {
                guard let row = right.row(value) else {
                    throw .refused(
                        path,
                        place: "line \(line)",
                        "expected \(right.expectation("row")), found \(value.summary)"
                    )
                }
                let grade = try grade(ranks?[place], line)
                if let earlier = grades[query][row] {
                    guard earlier == grade else {
                        throw .refused(
                            path,
                            place: "line \(line)",
                            "expected one grade for a query and a row, found \(earlier) and \(grade)"
                        )
                    }
                    continue
                }
                grades[query][row] = grade
                if grade > 0 { positives[query].append(RelevantRow(row: row, grade: grade)) }
            }
        }
        func grade(_ value: JSONValue?, _ line: Int) throws(VectorFileError) -> Float {
            guard let value else { return 1 }
            let number = isUntyped ? value.text.flatMap { Float($0) } : value.double.map { Float($0) }
            guard let number, number >= 0, number.isFinite else {
                throw .refused(path, place: "line \(line)", "expected a grade of at least 0, found \(value.summary)")
            }
            return number
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
            let gradeColumn = names.firstIndex(of: "grade")
            while let (line, fields) = try records.next() {
                if fields == [""] { continue }
                guard fields.count == names.count else {
                    throw .refused(path, place: "line \(line)", "expected \(names.count) fields, found \(fields.count)")
                }
                try add(
                    .string(fields[queryColumn]),
                    [.string(fields[rowColumn])],
                    gradeColumn.map { [.string(fields[$0])] },
                    line
                )
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
            let grades = object["grades"]?.elements ?? object["grade"].map { [$0] }
            try add(object["query"], rows, grades, line.number)
        }
        return positives
    }
}

/// What rows of a side are called: by their ids if there are some, else by their numbers.
private struct RowNames {
    private let count: Int
    private let rows: [RowID: Int]?
    /// Whether names come as texts, whatever they are.
    private let isUntyped: Bool

    init(_ matrix: VectorMatrix, isUntyped: Bool) {
        count = matrix.rowCount
        self.isUntyped = isUntyped
        rows = matrix.ids.map { ids in Dictionary(ids.enumerated().map { ($1, $0) }) { first, _ in first } }
    }

    func row(_ value: JSONValue) -> Int? {
        let number = isUntyped ? value.text.flatMap { Int64($0) } : value.integer.map(Int64.init)
        guard let rows else { return number.flatMap { 0..<Int64(count) ~= $0 ? Int($0) : nil } }
        if let row = value.id.flatMap({ rows[$0] }) { return row }
        return isUntyped ? number.flatMap { rows[.integer($0)] } : nil
    }

    func expectation(_ what: String) -> String {
        rows == nil ? "a \(what) of 0 to \(count - 1)" : "the id of a \(what)"
    }
}
