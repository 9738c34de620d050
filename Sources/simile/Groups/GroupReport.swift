// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import System
internal import VectorFiles

/// Groups of rows, largest or first first, with some members of each: what `cluster` and `communities` print and write.
struct GroupReport {
    /// One group: its number, how many rows it has, and the members that are shown.
    struct Group {
        let number: Int
        let size: Int
        /// The row that a community lies around.
        var center: Int?
        /// Rows with their scores as they are reported.
        let members: [(row: Int, score: Float?)]
    }

    /// What a group is called, e.g. `cluster`.
    let name: String
    let scoreName: String
    let set: InputSet
    let groups: [Group]

    func print(_ format: OutputFormat) throws {
        let out = BufferedOutput()
        try write(format) { try out.write($0) }
        try out.flush()
    }

    /// Writes a `.jsonl` or `.csv` file.
    func write(to file: AtomicFile, _ format: FileFormat) throws {
        try write(format == .csv ? .csv : .jsonl) { text in
            file.write(text)
            try file.flushIfLarge()
        }
        try file.finish()
        try file.publish()
    }

    private func write(_ format: OutputFormat, _ out: (String) throws -> Void) throws {
        if format == .csv {
            try out(
                "\(name),size,rank,row,\(scoreName)" + (set.vectors.ids == nil ? "" : ",id")
                    + (set.texts == nil ? "" : ",text") + "\n"
            )
        }
        if format == .json { try out("[") }
        for (i, group) in groups.enumerated() {
            if i % 64 == 0 { try Interruption.flag.check() }
            switch format {
            case .table: try out(table(group, isFirst: i == 0))
            case .csv: try out(csv(group))
            case .jsonl: try out(json(group) + "\n")
            case .json: try out((i > 0 ? "," : "") + json(group))
            }
        }
        if format == .json { try out("]\n") }
    }

    private func json(_ group: Group) -> String {
        JSONWriter.objectText { line in
            line.field(name, group.number)
            line.field("size", group.size)
            line.field("center", ifAny: group.center)
            line.field(
                "members",
                array: { members in
                    for (row, score) in group.members {
                        members.object { member in
                            member.field("row", set.number(row))
                            member.field("id", ifAny: set.vectors.ids?[row])
                            member.field("text", ifAny: set.texts?[row])
                            member.field(scoreName, score)
                        }
                    }
                }
            )
        }
    }

    private func csv(_ group: Group) -> String {
        group.members.enumerated().map { rank, member in
            var fields = ["\(group.number)", "\(group.size)", "\(rank + 1)", "\(set.number(member.row))"]
            fields.append(member.score.map { "\($0)" } ?? "")
            if let ids = set.vectors.ids { fields.append(CSVText.of(ids[member.row])) }
            if let texts = set.texts { fields.append(CSVText.of(texts[member.row])) }
            return fields.joined(separator: ",") + "\n"
        }.joined()
    }

    /// Number and size, then the members that are shown.
    private func table(_ group: Group, isFirst: Bool) -> String {
        let width = max(20, (StandardStream.output.columns ?? 100) - 11)
        let style = TextStyle.ofTerminal
        let rows = group.size == 1 ? "1 row" : "\(group.size) rows"
        var text = (isFirst ? "" : "\n") + style.bold("\(name) \(group.number): \(rows)") + "\n"
        for member in group.members {
            let score = member.score.map { Quantity.fixed(Double($0), 4) } ?? ""
            text += "  \(score.leftPadded(to: 7))  \(set.label(member.row).shortened(to: width))\n"
        }
        return text
    }
}
