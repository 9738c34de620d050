// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import System
internal import VectorFiles

/// A search result on standard output.
struct SearchReport {
    let queries: InputSet
    let corpus: InputSet
    let found: NearestNeighbors

    var ids: ResultIDs { ResultIDs(queries: queries.vectors.ids, corpus: corpus.vectors.ids) }

    func print(_ format: OutputFormat) throws {
        let out = BufferedOutput()
        let lines = NeighborLines(found: found, ids: ids)
        if format == .csv { try out.write(lines.csvHeader) }
        if format == .json { try out.write("{\"results\":[") }
        for query in found.indices {
            if query % 256 == 0 { try Interruption.flag.check() }
            switch format {
            case .jsonl: try out.write(lines.json(query) + [UInt8(ascii: "\n")])
            case .json:
                if query > 0 { try out.write(",") }
                try out.write(lines.json(query))
            case .csv: try out.write(lines.csv(query))
            case .table: try out.write(table(query))
            }
        }
        if format == .json { try out.write("],\(found.counters.members)}\n") }
        try out.flush()
    }

    /// The query, then its neighbors with scores and labels.
    private func table(_ query: Int) -> String {
        let width = StandardStream.output.columns ?? 100
        let style = TextStyle.ofTerminal
        let neighbors = found[query]
        var text = (query == 0 ? "" : "\n") + style.bold(queries.label(query).shortened(to: width)) + "\n"
        if neighbors.isEmpty { text += "  no neighbors\n" }
        for (i, neighbor) in neighbors.enumerated() {
            let rank = String(i + 1).leftPadded(to: String(neighbors.count).count)
            text +=
                "  \(rank)  \(style.cell(neighbor.score, found.metric))  \(corpus.label(neighbor.row).shortened(to: max(20, width - 17)))\n"
        }
        return text
    }
}

extension RunCounters {
    /// The counters as an object of their own.
    var object: String {
        JSONWriter.objectText { object in
            object.field(
                "counters",
                object: { counters in
                    counters.field("pairs", pairs)
                    counters.field("filtered", filtered)
                    counters.field("verdicts", verdicts)
                    counters.field("engine", engine.name)
                }
            )
        }
    }

    /// The same as a member of an object whose other member has been written line by line.
    var members: Substring { object.dropFirst().dropLast() }
}
