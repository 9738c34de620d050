// SPDX-License-Identifier: Apache-2.0

internal import Parquet
public import Similarity
internal import StrictJSON
package import System

/// Writes the result of a join; the format is told by the ending of the name.
///
/// - `.jsonl`: `{"a":0,"b":7,"score":0.97}`, one line a pair, with `aId` and `bId` if there are ids.
/// - `.csv`: `a,b,score`, with `aId,bId` at the end if there are ids.
/// - `.npy`: `r.pairs.npy` (int64, n x 2) and `r.scores.npy` (float32, n); ids go to `r.pairs.npy.ids.jsonl`. The pairs file is
///   published last.
///
/// - `.parquet`: the columns of `.csv`.
///
/// For Euclidean results the key and the column are `distance`; the `.npy` name stays `scores`.
public struct PairFile {
    private let output: ResultOutput

    package init(path: String, registeredIn registry: TemporaryFiles?) throws(VectorFileError) {
        output = try ResultOutput(path: path, purpose: "join results", registeredIn: registry)
    }

    /// A file that is made when a result is written.
    ///
    /// - Throws: ``VectorFileError`` if the ending says no format of results or the folder cannot be written to.
    public init(path: String) throws(VectorFileError) { try self.init(path: path, registeredIn: nil) }

    /// Writes a join with its ids, whole or not at all: the file appears under its name when it is complete.
    ///
    /// - Parameters:
    ///   - join: All pairs.
    ///   - check: Called now and then with the pairs that have been written; throws to give up.
    /// - Throws: ``VectorFileError`` if it cannot be written, and what `check` throws.
    public func write(_ join: Join, check: (Int) throws -> Void = { _ in }) throws {
        let ids = ResultIDs(queries: join.leftIDs, corpus: join.rightIDs)
        try write(parts: [join.count], of: { _ in join.pairs }, metric: join.metric, ids: ids, check: check)
    }

    /// The same of a self-join.
    public func write(_ join: SelfJoin, check: (Int) throws -> Void = { _ in }) throws {
        try write(Join(join), check: check)
    }

    /// Writes a result that comes in parts, in the order of the pairs, and publishes it. One part is in memory at a time.
    ///
    /// - Parameters:
    ///   - counts: How many pairs each part has.
    ///   - part: Gives a part; called more than once where the format wants columns.
    ///   - check: Called now and then with the pairs that have been written; throws to give up.
    package func write(
        parts counts: [Int],
        of part: (Int) throws -> [ScoredPair],
        metric: Metric,
        ids: ResultIDs,
        check: (Int) throws -> Void = { _ in }
    ) throws {
        let lines = PairLines(metric: metric, ids: ids)
        let total = counts.reduce(0, +)
        if let single = output.single, output.format == .parquet {
            let fields: [ParquetWriter.Field] = [
                .init("a", .int64), .init("b", .int64), .init(metric.scoreName, .float),
            ]
            var columns = ResultColumns(
                ParquetOutput(single, fields + ids.parquetFields("aId", "bId")),
                ids,
                pairNames: (0, 1)
            )
            var written = 0
            for i in counts.indices {
                for pair in try part(i) {
                    if written % 8192 == 0 { try check(written) }
                    try columns.append([pair.a, pair.b], score: pair.score)
                    written += 1
                }
            }
            var output = try columns.flushed()
            try output.finish()
        } else if let single = output.single {
            if output.format == .csv { single.write(lines.csvHeader) }
            var written = 0
            for i in counts.indices {
                for pair in try part(i) {
                    if written % 8192 == 0 { try check(written) }
                    if output.format == .csv {
                        single.write(lines.csv(pair))
                    } else {
                        single.write(lines.json(pair) + [UInt8(ascii: "\n")])
                    }
                    try single.flushIfLarge()
                    written += 1
                }
            }
        } else {
            try writeArrays(counts, part, total, lines, hasIDs: !ids.isEmpty, check: check)
        }
        try check(total)
        try output.files.commit()
    }

    private func writeArrays(
        _ counts: [Int],
        _ part: (Int) throws -> [ScoredPair],
        _ total: Int,
        _ lines: PairLines,
        hasIDs: Bool,
        check: (Int) throws -> Void
    ) throws {
        let (stem, files) = (output.stem, output.files)
        if hasIDs {
            let file = try files.add(stem + ".pairs.npy.ids.jsonl")
            var written = 0
            for i in counts.indices {
                for pair in try part(i) {
                    if written % 8192 == 0 { try check(written / 2) }
                    file.write(lines.idLine(pair))
                    try file.flushIfLarge()
                    written += 1
                }
            }
        }
        try check(total / 2)
        let scores = try files.add(stem + ".scores.npy")
        scores.write(NumpyHeader.bytes(descriptor: "<f4", shape: [total]))
        for i in counts.indices { try scores.write(floats: try part(i).map(\.score)) }
        try check(total * 3 / 4)
        let pairs = try files.addMarker(stem + ".pairs.npy")
        pairs.write(NumpyHeader.bytes(descriptor: "<i8", shape: [total, 2]))
        for i in counts.indices {
            for pair in try part(i) { try pairs.write(littleEndian: [Int64(pair.a), Int64(pair.b)]) }
        }
    }
}

/// The text of a join result, pair by pair.
package struct PairLines {
    let metric: Metric
    private let ids: ResultIDs

    package init(metric: Metric, ids: ResultIDs) {
        self.metric = metric
        self.ids = ids
    }

    package var csvHeader: String { "a,b,\(metric.scoreName)" + (ids.isEmpty ? "" : ",aId,bId") + "\n" }

    /// The line of a pair, without its end.
    package func json(_ pair: ScoredPair) -> [UInt8] {
        JSONWriter.object { line in
            line.field("a", pair.a)
            line.field("b", pair.b)
            line.field("aId", ifAny: ids.queries?[pair.a])
            line.field("bId", ifAny: ids.corpus?[pair.b])
            line.field(metric.scoreName, pair.score)
        }
    }

    /// The line of a pair.
    package func csv(_ pair: ScoredPair) -> String {
        let names = ids.isEmpty ? "" : ",\(CSVText.of(ids.queries?[pair.a])),\(CSVText.of(ids.corpus?[pair.b]))"
        return "\(pair.a),\(pair.b),\(pair.score)\(names)\n"
    }

    func idLine(_ pair: ScoredPair) -> [UInt8] {
        JSONWriter.line { line in
            line.field("aId", ifAny: ids.queries?[pair.a])
            line.field("bId", ifAny: ids.corpus?[pair.b])
        }
    }
}
