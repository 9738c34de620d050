// SPDX-License-Identifier: Apache-2.0

internal import Parquet
public import Similarity
internal import StrictJSON
package import System

/// The ids of both sides of a result, where the inputs had some.
package struct ResultIDs: Sendable {
    package let queries: [RowID]?
    package let corpus: [RowID]?

    package init(queries: [RowID]?, corpus: [RowID]?) {
        self.queries = queries
        self.corpus = corpus
    }

    var isEmpty: Bool { queries == nil && corpus == nil }
}

/// Writes the result of a search; the format is told by the ending of the name.
///
/// - `.jsonl`: `{"query":0,"neighbors":[{"row":5,"score":0.93}]}`, one line a query, with `queryId` and `id` if there are ids.
/// - `.csv`: `query,rank,row,score`, rank from 1, with `queryId,id` at the end if there are ids.
/// - `.npy`: `r.rows.npy` (int64) and `r.scores.npy` (float32), n x k; if queries differ in how many neighbors they have
///   both are flat and `r.offsets.npy` (int64, n + 1) says where each begins. Ids go to `r.rows.npy.ids.jsonl`. The rows file is
///   published last.
///
/// - `.parquet`: the columns of `.csv`.
///
/// For Euclidean results the key and the column are `distance`; the `.npy` name stays `scores`.
public struct NeighborFile {
    private let output: ResultOutput

    package init(path: String, registeredIn registry: TemporaryFiles?) throws(VectorFileError) {
        output = try ResultOutput(path: path, purpose: "search results", registeredIn: registry)
    }

    /// A file that is made when a result is written.
    ///
    /// - Throws: ``VectorFileError`` if the ending says no format of results or the folder cannot be written to.
    public init(path: String) throws(VectorFileError) { try self.init(path: path, registeredIn: nil) }

    /// Writes a search result with its ids, whole or not at all: the file appears under its name when it is complete.
    ///
    /// - Parameters:
    ///   - found: The neighbors of all queries.
    ///   - check: Called now and then with the queries that have been written; throws to give up.
    /// - Throws: ``VectorFileError`` if it cannot be written, and what `check` throws.
    public func write(_ found: NearestNeighbors, check: (Int) throws -> Void = { _ in }) throws {
        let ids = ResultIDs(queries: found.queryIDs, corpus: found.corpusIDs)
        try write(parts: 1, of: { _ in found }, ids: ids, check: check)
    }

    /// Writes a result that comes in parts, of the first queries, the next, and so on, and publishes it. One part is in memory at a
    /// time.
    ///
    /// - Parameters:
    ///   - partCount: At least one, which may be of no queries.
    ///   - part: Gives a part; called more than once where the format wants columns.
    ///   - check: Called now and then with the queries that have been written; throws to give up.
    package func write(
        parts partCount: Int,
        of part: (Int) throws -> NearestNeighbors,
        ids: ResultIDs,
        check: (Int) throws -> Void = { _ in }
    ) throws {
        var written = 0
        if let single = output.single, output.format == .parquet {
            written = try writeColumns(single, partCount, part, ids: ids, check: check)
        } else if let single = output.single {
            for i in 0..<partCount {
                let lines = NeighborLines(found: try part(i), ids: ids, firstQuery: written)
                if i == 0, output.format == .csv { single.write(lines.csvHeader) }
                for query in 0..<lines.queryCount {
                    if query % 1024 == 0 { try check(written + query) }
                    if output.format == .csv {
                        single.write(lines.csv(query))
                    } else {
                        single.write(lines.json(query) + [UInt8(ascii: "\n")])
                    }
                    try single.flushIfLarge()
                }
                written += lines.queryCount
            }
        } else {
            written = try writeArrays(partCount, part, ids: ids, check: check)
        }
        try check(written)
        try output.files.commit()
    }

    /// Returns how many queries there are.
    private func writeColumns(
        _ file: AtomicFile,
        _ partCount: Int,
        _ part: (Int) throws -> NearestNeighbors,
        ids: ResultIDs,
        check: (Int) throws -> Void
    ) throws -> Int {
        var columns: ResultColumns?
        var written = 0
        for i in 0..<partCount {
            let found = try part(i)
            // Rows of all parts are gathered together, so that pages and groups do not tell where a part ended.
            var all = columns.take() ?? ResultColumns(of: found.metric, in: file, ids)
            for query in 0..<found.count {
                if query % 1024 == 0 { try check(written + query) }
                for place in found.offsets[query]..<found.offsets[query + 1] {
                    try all.append(
                        [written + query, place - found.offsets[query] + 1, found.rows[place]],
                        score: found.scores[place]
                    )
                }
            }
            columns = all
            written += found.count
        }
        var output = try columns?.flushed()
        try output?.finish()
        return written
    }

    /// Returns how many queries there are.
    private func writeArrays(
        _ partCount: Int,
        _ part: (Int) throws -> NearestNeighbors,
        ids: ResultIDs,
        check: (Int) throws -> Void
    ) throws -> Int {
        let (stem, files) = (output.stem, output.files)
        let idFile = ids.isEmpty ? nil : try files.add(stem + ".rows.npy.ids.jsonl")
        var offsets = [0]
        var mostAllowed = 0
        for i in 0..<partCount {
            let found = try part(i)
            mostAllowed = found.k
            let lines = NeighborLines(found: found, ids: ids, firstQuery: offsets.count - 1)
            for query in 0..<found.count {
                if query % 1024 == 0 { try check((offsets.count - 1) / 2) }
                idFile?.write(lines.idLine(query))
                try idFile?.flushIfLarge()
                offsets.append(offsets[offsets.count - 1] + found.offsets[query + 1] - found.offsets[query])
            }
        }
        let queryCount = offsets.count - 1
        let entryCount = offsets[queryCount]
        let width = queryCount == 0 ? mostAllowed : offsets[1]
        let isRectangular = offsets.indices.allSatisfy { offsets[$0] == $0 * width }
        if !isRectangular {
            let file = try files.add(stem + ".offsets.npy")
            file.write(NumpyHeader.bytes(descriptor: "<i8", shape: [offsets.count]))
            try file.write(littleEndian: offsets.map { Int64($0) })
        }
        try check(queryCount / 2)
        let shape = isRectangular ? [queryCount, width] : [entryCount]
        let scores = try files.add(stem + ".scores.npy")
        scores.write(NumpyHeader.bytes(descriptor: "<f4", shape: shape))
        for i in 0..<partCount {
            let found = try part(i)
            try scores.write(floats: found.scores)
        }
        try check(queryCount * 3 / 4)
        let rows = try files.addMarker(stem + ".rows.npy")
        rows.write(NumpyHeader.bytes(descriptor: "<i8", shape: shape))
        for i in 0..<partCount { try rows.write(littleEndian: try part(i).rows.map { Int64($0) }) }
        return queryCount
    }
}

extension ResultColumns {
    /// The columns of neighbors.
    fileprivate init(of metric: Metric, in file: AtomicFile, _ ids: ResultIDs) {
        let fields: [ParquetWriter.Field] = [
            .init("query", .int64), .init("rank", .int64), .init("row", .int64), .init(metric.scoreName, .float),
        ]
        let output = ParquetOutput(file, fields + ids.parquetFields("queryId", "id"))
        self.init(output, ids, pairNames: (0, 2))
    }
}

/// The text of a search result, query by query.
package struct NeighborLines {
    private let found: NearestNeighbors
    private let ids: ResultIDs
    private let firstQuery: Int
    private let scoreName: String

    /// - Parameter firstQuery: The number of the first query, if `found` is a part of a result.
    package init(found: NearestNeighbors, ids: ResultIDs, firstQuery: Int = 0) {
        self.found = found
        self.ids = ids
        self.firstQuery = firstQuery
        scoreName = found.metric.scoreName
    }

    var queryCount: Int { found.count }

    package var csvHeader: String { "query,rank,row,\(scoreName)" + (ids.isEmpty ? "" : ",queryId,id") + "\n" }

    /// The line of a query, without its end.
    package func json(_ query: Int) -> [UInt8] {
        JSONWriter.object { line in
            line.field("query", firstQuery + query)
            line.field("queryId", ifAny: ids.queries?[firstQuery + query])
            line.field(
                "neighbors",
                array: { list in
                    for neighbor in found[query] {
                        list.object { entry in
                            entry.field("row", neighbor.row)
                            entry.field("id", ifAny: ids.corpus?[neighbor.row])
                            entry.field(scoreName, neighbor.score)
                        }
                    }
                }
            )
        }
    }

    /// The lines of a query; none if it has no neighbors.
    package func csv(_ query: Int) -> String {
        var text = ""
        for (i, neighbor) in found[query].enumerated() {
            text += "\(firstQuery + query),\(i + 1),\(neighbor.row),\(neighbor.score)"
            if !ids.isEmpty {
                text += ",\(CSVText.of(ids.queries?[firstQuery + query])),\(CSVText.of(ids.corpus?[neighbor.row]))"
            }
            text += "\n"
        }
        return text
    }

    func idLine(_ query: Int) -> [UInt8] {
        JSONWriter.line { line in
            line.field("query", firstQuery + query)
            line.field("queryId", ifAny: ids.queries?[firstQuery + query])
            line.field("ids", ifAny: ids.corpus.map { corpus in found[query].map { corpus[$0.row] } })
        }
    }
}

extension Metric {
    /// What a result file calls the reported value.
    package var scoreName: String { self == .euclidean ? "distance" : "score" }
}
