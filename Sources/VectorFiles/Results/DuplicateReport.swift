// SPDX-License-Identifier: Apache-2.0

package import Similarity
internal import StrictJSON
package import System

/// One dropped row of a report, as a line tells it.
package struct DuplicateLine: Sendable {
    package let row: Int
    /// The row that it goes for: of the same file, or of another one that it was compared with.
    package let kept: Int
    /// As it is reported; nil where a chain alone connects the two.
    package let score: Float?
    /// Nil where rows are compared with those of another file.
    package let group: Int?
    /// Pairs of this row with kept rows and with dropped rows before it, as they are reported: with those of all lines, every pair there is.
    package let pairs: [(row: Int, score: Float)]
    /// The row that this one is a copy of, and that stands for it: all pairs of that row are those of this one too.
    package let copyOf: Int?

    package init(
        row: Int,
        kept: Int,
        score: Float?,
        group: Int?,
        pairs: [(row: Int, score: Float)],
        copyOf: Int? = nil
    ) {
        self.copyOf = copyOf
        self.row = row
        self.kept = kept
        self.score = score
        self.group = group
        self.pairs = pairs
    }
}

/// Writes the report of a removal of duplicates: a line a dropped row, by its row number.
///
/// - `.jsonl`: `{"dropped":7,"kept":0,"score":0.97,"group":0,"pairs":[[0,0.97],[3,0.96]]}`, with `droppedId`, `keptId`, `droppedText` and
///   `keptText` before the pairs where there are ids and texts. For Euclidean distances the key is `distance`. Of many equal rows one stands for
///   all: the others have `"copyOf"` with its number at the end, and the pair with it alone.
/// - `.csv`: the same as columns; pairs are `0:0.97 3:0.96`, and `copy 0:1.0` where a row is a copy.
package struct DuplicateReport {
    /// What names the rows of the one side and of the other.
    package struct Names {
        let ids: (dropped: [RowID]?, kept: [RowID]?)
        let texts: (dropped: [String]?, kept: [String]?)

        package init(ids: (dropped: [RowID]?, kept: [RowID]?), texts: (dropped: [String]?, kept: [String]?)) {
            self.ids = ids
            self.texts = texts
        }
    }

    private let file: AtomicFile
    private let format: FileFormat

    package init(path: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        format = try FileFormat.of(path, among: [.jsonl, .csv], for: "reports of duplicates")
        file = try AtomicFile(path, registeredIn: registry)
    }

    /// Writes the lines; the file gets its name by ``publish(with:)``.
    ///
    /// - Returns: The checksum of the file, for its record.
    package func write(
        _ lines: some Sequence<DuplicateLine>,
        names: Names,
        metric: Metric,
        check: (Int) throws -> Void
    ) throws -> UInt64 {
        if format == .csv { file.write(Self.csvHeader(names, metric)) }
        for (i, line) in lines.enumerated() {
            if i % 1024 == 0 { try check(i) }
            if format == .csv {
                file.write(Self.csv(line, names))
            } else {
                file.write(Self.json(line, names, metric) + [UInt8(ascii: "\n")])
            }
            try file.flushIfLarge()
        }
        try file.finish()
        return try file.mapped().withBytes { Checksum64.of($0) }
    }

    /// Gives the report its name, and its record, which is finished: an older record goes first, so that it is never beside this report.
    package func publish(with record: AtomicFile?) throws(VectorFileError) {
        if let record {
            do {
                try TemporaryFile.removeIfPresent(FileIdentity.resolved(record.path))
            } catch {
                throw .notWritten(record.path, "cannot \(error.operation): \(error.reason)")
            }
        }
        try file.publish()
        try record?.publish()
    }

    package static func json(_ line: DuplicateLine, _ names: Names, _ metric: Metric) -> [UInt8] {
        JSONWriter.object { object in
            object.field("dropped", line.row)
            object.field("kept", line.kept)
            object.field(metric.scoreName, line.score)
            object.field("group", ifAny: line.group)
            object.field("droppedId", ifAny: names.ids.dropped?[line.row])
            object.field("keptId", ifAny: names.ids.kept?[line.kept])
            object.field("droppedText", ifAny: names.texts.dropped?[line.row])
            object.field("keptText", ifAny: names.texts.kept?[line.kept])
            object.field(
                "pairs",
                array: { pairs in
                    for pair in line.pairs {
                        pairs.array {
                            $0.value(pair.row)
                            $0.value(pair.score)
                        }
                    }
                }
            )
            object.field("copyOf", ifAny: line.copyOf)
        }
    }

    package static func csvHeader(_ names: Names, _ metric: Metric) -> String {
        var columns = ["dropped", "kept", metric.scoreName, "group"]
        if names.ids.dropped != nil { columns.append("droppedId") }
        if names.ids.kept != nil { columns.append("keptId") }
        if names.texts.dropped != nil { columns.append("droppedText") }
        if names.texts.kept != nil { columns.append("keptText") }
        return (columns + ["pairs"]).joined(separator: ",") + "\n"
    }

    package static func csv(_ line: DuplicateLine, _ names: Names) -> String {
        var fields = [
            "\(line.row)", "\(line.kept)", line.score.map { "\($0)" } ?? "", line.group.map { "\($0)" } ?? "",
        ]
        if let ids = names.ids.dropped { fields.append(CSVText.of(ids[line.row])) }
        if let ids = names.ids.kept { fields.append(CSVText.of(ids[line.kept])) }
        if let texts = names.texts.dropped { fields.append(CSVText.of(texts[line.row])) }
        if let texts = names.texts.kept { fields.append(CSVText.of(texts[line.kept])) }
        let pairs = line.pairs.map { "\($0.row):\($0.score)" }.joined(separator: " ")
        fields.append(line.copyOf == nil ? pairs : "copy \(pairs)")
        return fields.joined(separator: ",") + "\n"
    }
}

extension DuplicateReport {
    /// The lines of a report that `write` has written.
    ///
    /// - Parameters:
    ///   - rowCount: Rows of the file whose rows were dropped.
    ///   - keptCount: Rows of the file whose rows were kept: the same, unless it was compared with another one.
    /// - Throws: ``VectorFileError`` that names the line which is no line of such a report.
    package static func read(
        _ path: String,
        metric: Metric,
        rowCount: Int,
        keptCount: Int
    ) throws(VectorFileError) -> [DuplicateLine] {
        let format = try FileFormat.of(path, among: [.jsonl, .csv], for: "reports of duplicates")
        var lines: [DuplicateLine] = []
        func add(_ fields: Fields?, _ number: Int) throws(VectorFileError) {
            let last = lines.last?.row ?? -1
            guard let fields, let row = fields.row, let kept = fields.kept, row > last, row < rowCount,
                0..<keptCount ~= kept, fields.copyOf.map({ 0..<rowCount ~= $0 }) ?? true,
                fields.pairs.allSatisfy({ 0..<keptCount ~= $0.row && $0.score.isFinite })
            else {
                throw .refused(
                    path,
                    place: "line \(number)",
                    "expected a line of a report of dedup about \(rowCount) rows, found another"
                )
            }
            lines.append(
                DuplicateLine(
                    row: row,
                    kept: kept,
                    score: fields.score,
                    group: fields.group,
                    pairs: fields.pairs,
                    copyOf: fields.copyOf
                )
            )
        }
        if format == .csv {
            var records = try CSVRecords(path)
            guard let names = try records.next()?.fields else { return [] }
            while let (number, values) = try records.next() {
                guard values.count == names.count else {
                    try add(nil, number)
                    continue
                }
                func value(_ name: String) -> String? { names.firstIndex(of: name).map { values[$0] } }
                try add(Fields(csv: value, scoreName: metric.scoreName), number)
            }
            return lines
        }
        var text = try TextLines(path)
        while let line = try text.next() {
            guard let object = try JSONLines.object(line.text, line.number, path) else { continue }
            try add(Fields(json: object, scoreName: metric.scoreName), line.number)
        }
        return lines
    }

    /// What a line says, as far as it can be understood.
    private struct Fields {
        let row: Int?
        let kept: Int?
        let score: Float?
        let group: Int?
        let pairs: [(row: Int, score: Float)]
        let copyOf: Int?

        /// Nil if the pairs are not understood.
        init?(json: JSONValue, scoreName: String) {
            row = json["dropped"]?.integer
            kept = json["kept"]?.integer
            score = json[scoreName]?.double.map { Float($0) }
            group = json["group"]?.integer
            copyOf = json["copyOf"]?.integer
            guard let elements = json["pairs"]?.elements else { return nil }
            var pairs: [(row: Int, score: Float)] = []
            for element in elements {
                guard let pair = element.elements, pair.count == 2, let row = pair[0].integer,
                    let score = pair[1].double
                else { return nil }
                pairs.append((row, Float(score)))
            }
            self.pairs = pairs
        }

        init?(csv value: (String) -> String?, scoreName: String) {
            row = value("dropped").flatMap { Int($0) }
            kept = value("kept").flatMap { Int($0) }
            score = value(scoreName).flatMap { Float($0) }
            group = value("group").flatMap { Int($0) }
            guard let text = value("pairs") else { return nil }
            var pairs: [(row: Int, score: Float)] = []
            let words = text.split(separator: " ")
            let isCopy = words.first == "copy"
            for field in words.dropFirst(isCopy ? 1 : 0) {
                let parts = field.split(separator: ":")
                guard parts.count == 2, let row = Int(parts[0]), let score = Float(parts[1]) else { return nil }
                pairs.append((row, score))
            }
            self.pairs = pairs
            copyOf = isCopy ? pairs.first?.row : nil
        }
    }
}
