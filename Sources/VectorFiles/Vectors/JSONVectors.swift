// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import StrictJSON

/// Vectors in a `.jsonl` file: an object a line, with an array of numbers in one field and perhaps an id in another. Numbers are rounded to
/// `Float`; what is no number but is written where one stands, `NaN` or `Infinity`, makes an invalid row, and so does null for a vector. Empty lines are skipped but
/// counted.
///
/// The vectors are held in memory, which takes about a third of the bytes of the text.
struct JSONVectors {
    private let path: String
    private let field: String
    private let idField: String?
    private var values: [Float] = []
    private var loss = RoundingLoss.ofText
    private var ids: [RowID] = []
    /// Of the first row: its dimension, its line, and whether it has an id.
    private var first: (dimension: Int, line: Int, hasID: Bool)?
    private var rowCount = 0
    /// Rows without a vector before the first one that has one: their dimension is not known yet.
    private var leadingNulls: [(id: JSONValue?, line: Int)] = []

    static func read(_ path: String, field: String, idField: String?) throws(VectorFileError) -> VectorMatrix {
        var vectors = JSONVectors(path: path, field: field, idField: idField)
        var lines = try TextLines(path)
        while let line = try lines.next() {
            if line.text.utf8.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
            try vectors.append(line.text, line.number)
        }
        guard let first = vectors.first else {
            throw .refused(
                path,
                "expected vectors in the field \"\(field)\", found no object: the dimension cannot be known"
            )
        }
        var matrix = VectorMatrix(
            rowCount: vectors.rowCount,
            dimension: first.dimension,
            values: vectors.values,
            ids: first.hasID ? vectors.ids : nil
        )
        matrix.lossOfReading = vectors.loss
        return matrix
    }

    private init(path: String, field: String, idField: String?) {
        self.path = path
        self.field = field
        self.idField = idField
    }

    private mutating func append(_ text: String, _ line: Int) throws(VectorFileError) {
        let start = values.count
        var found: (vectors: Int, id: JSONValue?) = (0, nil)
        var isNull = false
        var parser = JSONParser(Array(text.utf8))
        let name = idField ?? "id"
        do {
            try parser.eachMember { key, parser throws(JSONParser.Failure) in
                if key == field {
                    found.vectors += 1
                    isNull = parser.peek() == UInt8(ascii: "n")
                    if isNull {
                        _ = try parser.value()
                        return
                    }
                    try parser.eachElement { parser throws(JSONParser.Failure) in
                        values.append(loss.float(try parser.double()))
                    }
                } else {
                    let value = try parser.value()
                    if key == name { found.id = value }
                }
            }
            try parser.end()
        } catch {
            throw refused(
                line,
                "expected a JSON object with an array of numbers in the field \"\(field)\": \(error.message) at byte "
                    + "\(error.offset + 1) of the line"
            )
        }
        guard found.vectors == 1 else {
            throw refused(
                line,
                "expected one field \"\(field)\", found \(found.vectors == 0 ? "none" : "\(found.vectors)")"
            )
        }
        if isNull {
            guard let first else { return leadingNulls.append((found.id, line)) }
            try appendNull(first.dimension, id: found.id, named: name, line)
            return
        }
        let count = values.count - start
        try check(count, id: leadingNulls.first?.id ?? found.id, named: name, line)
        if !leadingNulls.isEmpty {
            // They stand before this row.
            let vector = Array(values[start...])
            values.removeSubrange(start...)
            if first?.hasID == true { ids.removeAll() }
            for null in leadingNulls { try appendNull(count, id: null.id, named: name, null.line) }
            leadingNulls = []
            values += vector
            try check(count, id: found.id, named: name, line)
        }
        rowCount += 1
    }

    private mutating func appendNull(_ dimension: Int, id: JSONValue?, named name: String, _ line: Int)
        throws(VectorFileError)
    {
        values += [Float](repeating: .nan, count: dimension)
        try check(dimension, id: id, named: name, line)
        rowCount += 1
    }

    private mutating func check(_ count: Int, id: JSONValue?, named name: String, _ line: Int) throws(VectorFileError) {
        let first = self.first ?? (count, line, idField != nil || id != nil)
        self.first = first
        let limit = RowStorage.dimensionLimit
        guard (1...limit).contains(count) else {
            throw refused(line, "expected a vector of 1 to \(limit) components, found \(count)")
        }
        guard count == first.dimension else {
            throw refused(line, "expected \(first.dimension) components as in line \(first.line), found \(count)")
        }
        guard first.hasID else { return }
        guard let id = id?.id else {
            throw refused(
                line,
                "expected \(JSONValue.idDescription) in the field \"\(name)\", found \(id?.summary ?? "no such field")"
            )
        }
        ids.append(id)
    }

    private func refused(_ line: Int, _ message: String) -> VectorFileError {
        .refused(path, place: "line \(line)", message)
    }
}
