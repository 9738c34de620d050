// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// A join result on standard output.
struct JoinReport {
    let left: InputSet
    let right: InputSet
    let joined: Join

    var ids: ResultIDs { ResultIDs(queries: left.vectors.ids, corpus: right.vectors.ids) }

    func print(_ format: OutputFormat) throws {
        let out = BufferedOutput()
        let lines = PairLines(metric: joined.metric, ids: ids)
        if format == .csv { try out.write(lines.csvHeader) }
        if format == .json { try out.write("{\"results\":[") }
        for (i, pair) in joined.pairs.enumerated() {
            if i % 256 == 0 { try Interruption.flag.check() }
            switch format {
            case .jsonl: try out.write(lines.json(pair) + [UInt8(ascii: "\n")])
            case .json:
                if i > 0 { try out.write(",") }
                try out.write(lines.json(pair))
            case .csv: try out.write(lines.csv(pair))
            case .table: try out.write(table(pair))
            }
        }
        if format == .json { try out.write("],\(joined.counters.members)}\n") }
        if format == .table { try out.write("\(joined.pairs.count) pairs\n") }
        try out.flush()
    }

    /// The score, then both rows one below the other, so that the eye can compare them.
    private func table(_ pair: ScoredPair) -> String {
        let width = max(20, (StandardStream.output.columns ?? 100) - 9)
        let style = TextStyle.ofTerminal
        return
            "\(style.cell(pair.score, joined.metric))  \(left.label(pair.a).shortened(to: width))\n         \(right.label(pair.b).shortened(to: width))\n"
    }
}
