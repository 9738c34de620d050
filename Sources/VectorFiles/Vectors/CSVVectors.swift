// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels

/// Vectors in a column of a `.csv` file, as notebooks write them: a JSON list (`[0.1, 0.2]`) or what NumPy prints (`[0.1 0.2]`, over several lines
/// perhaps). An empty field, `null`, `None` or `nan` makes an invalid row. They are held in memory.
package enum CSVVectors {
    /// Whether the first record of a file has a list in a column of this name.
    ///
    /// - Throws: ``VectorFileError`` if the file cannot be read.
    package static func holdsVectors(_ path: String, column: String) throws(VectorFileError) -> Bool {
        var records = try CSVRecords(path)
        guard let place = try records.next()?.fields.firstIndex(of: column) else { return false }
        while let fields = try records.next()?.fields {
            guard fields != [""] else { continue }
            guard fields.count > place else { return false }
            let text = fields[place].drop { $0.isWhitespace }
            if !isNothing(text) { return text.hasPrefix("[") }
        }
        return false
    }

    static func read(_ path: String, column: String, idColumn: String?) throws(VectorFileError) -> VectorMatrix {
        var records = try CSVRecords(path)
        let names = try records.next()?.fields ?? []
        func place(_ name: String) throws(VectorFileError) -> Int {
            let found = names.indices.filter { names[$0] == name }
            guard found.count == 1 else {
                throw .refused(path, place: "line 1", "expected one column \"\(name)\", found \(found.count)")
            }
            return found[0]
        }
        let vectorPlace = try place(column)
        let idPlace = idColumn == nil ? names.firstIndex(of: "id") : try place(idColumn ?? "")
        var rows: [[Float]?] = []
        var ids: [RowID] = []
        var loss = RoundingLoss.ofText
        var first: (dimension: Int, line: Int)?
        while let (line, fields) = try records.next() {
            if fields == [""], names.count > 1 { continue }
            guard fields.count == names.count else {
                throw .refused(
                    path,
                    place: "line \(line)",
                    "expected \(names.count) fields as in line 1, found \(fields.count)"
                )
            }
            let row: [Float]?
            do {
                row = try components(fields[vectorPlace], &loss)
            } catch {
                throw .refused(
                    path,
                    place: "line \(line)",
                    "expected a list of numbers in \"\(column)\", found \(error.found)"
                )
            }
            if let row {
                let dimension = first?.dimension ?? row.count
                guard (1...RowStorage.dimensionLimit).contains(row.count), row.count == dimension else {
                    throw .refused(
                        path,
                        place: "line \(line)",
                        "expected \(first.map { "\($0.dimension) components as in line \($0.line)" } ?? "a vector"), found \(row.count)"
                    )
                }
                first = first ?? (dimension, line)
            }
            rows.append(row)
            if let idPlace { ids.append(.string(fields[idPlace])) }
        }
        guard let first else {
            throw .refused(
                path,
                "expected vectors in the column \"\(column)\", found none: the dimension cannot be known"
            )
        }
        let nothing = [Float](repeating: .nan, count: first.dimension)
        var matrix = VectorMatrix(
            rowCount: rows.count,
            dimension: first.dimension,
            values: rows.flatMap { $0 ?? nothing },
            ids: idPlace == nil ? nil : ids
        )
        matrix.lossOfReading = loss
        return matrix
    }

    private struct NoList: Error { let found: String }

    private static func isNothing(_ text: some StringProtocol) -> Bool {
        ["", "null", "none", "nan"].contains(String(text.filter { !$0.isWhitespace }).lowercased())
    }

    /// The numbers of a list; nil for what stands for no vector.
    private static func components(_ field: String, _ loss: inout RoundingLoss) throws(NoList) -> [Float]? {
        let text = field.drop { $0.isWhitespace }
        if isNothing(text) { return nil }
        guard text.hasPrefix("["), let end = text.lastIndex(of: "]"),
            text[text.index(after: end)...].allSatisfy(\.isWhitespace)
        else { throw NoList(found: "'\(text.prefix(40))'") }
        var values: [Float] = []
        for word in text[text.index(after: text.startIndex)..<end].split(whereSeparator: {
            $0 == "," || $0.isWhitespace
        }) {
            // NumPy writes `1.`, which is a number; and `...` where it has left out most of a long vector.
            guard word != "..." else { throw NoList(found: "'...': the vector was shortened when it was written") }
            guard let value = Double(word.hasSuffix(".") ? word + "0" : word) else {
                throw NoList(found: "'\(word.prefix(40))'")
            }
            values.append(loss.float(value))
        }
        return values
    }
}
