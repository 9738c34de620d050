// SPDX-License-Identifier: Apache-2.0

internal import Similarity
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
        for query in 0..<found.queryCount {
            if query % 256 == 0 { try Interruption.flag.check() }
            switch format {
            case .jsonl: try out.write(lines.json(query) + "\n")
            case .json: try out.write((query == 0 ? "" : ",") + lines.json(query))
            case .csv: try out.write(lines.csv(query))
            case .table: try out.write(table(query))
            }
        }
        if format == .json { try out.write("],\(found.counters.jsonField)}\n") }
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
    /// The counters as a field of a JSON object.
    var jsonField: String {
        "\"counters\":{\"pairs\":\(pairs),\"filtered\":\(filtered),\"verdicts\":\(verdicts),\"engine\":\"\(engine)\"}"
    }
}
