// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// What each record of a `.jsonl` or `.csv` file says in one field: a label to color by. Numbers and truth values are their texts; null, an empty
/// field of a table, and a field that is not there are no label.
package enum LabelColumn {
    /// The label of each record, in the order in which texts are read.
    ///
    /// - Throws: ``VectorFileError`` if no record has the field, or one holds what is no label.
    package static func read(_ path: String, name: String) throws(VectorFileError) -> [String?] {
        let labels: [String?]
        switch FileFormat(path: path) {
        case .csv: labels = try table(path, name)
        case .parquet: labels = try ParquetInput(path).labels(name)
        default: labels = try objects(path, name)
        }
        guard labels.isEmpty || labels.contains(where: { $0 != nil }) else {
            throw .refused(path, "expected labels in \"\(name)\", found none in any record")
        }
        return labels
    }

    private static func table(_ path: String, _ name: String) throws(VectorFileError) -> [String?] {
        var records = try CSVRecords(path)
        let names = try records.next()?.fields ?? []
        guard let place = names.firstIndex(of: name) else {
            throw .refused(
                path,
                place: "line 1",
                "expected a column \"\(name)\", found \(names.joined(separator: ", "))"
            )
        }
        var labels: [String?] = []
        while let (line, fields) = try records.next() {
            if fields == [""], names.count > 1 { continue }
            guard fields.count == names.count else {
                throw .refused(path, place: "line \(line)", "expected \(names.count) fields, found \(fields.count)")
            }
            labels.append(fields[place].isEmpty ? nil : fields[place])
        }
        return labels
    }

    private static func objects(_ path: String, _ name: String) throws(VectorFileError) -> [String?] {
        var labels: [String?] = []
        var lines = try TextLines(path)
        while let line = try lines.next() {
            guard let object = try JSONLines.object(line.text, line.number, path) else { continue }
            switch object[name] {
            case .string(let text)?: labels.append(text)
            case .integer(let number)?: labels.append("\(number)")
            case .unsigned(let number)?: labels.append("\(number)")
            case .number(let number)?: labels.append("\(number)")
            case nil: labels.append(nil)
            case let value?:
                if let flag = value.flag {
                    labels.append("\(flag)")
                } else if value.isNull {
                    labels.append(nil)
                } else {
                    throw .refused(
                        path,
                        place: "line \(line.number)",
                        "expected a label in the field \"\(name)\", found \(value.summary)"
                    )
                }
            }
        }
        return labels
    }
}
