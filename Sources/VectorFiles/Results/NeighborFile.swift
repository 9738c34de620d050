// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import SimilarityKernels
internal import StrictJSON

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
/// For Euclidean results the key and the column are `distance`; the `.npy` name stays `scores`.
package struct NeighborFile {
    private let output: ResultOutput

    package init(path: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        output = try ResultOutput(path: path, purpose: "search results", registeredIn: registry)
    }

    /// Writes the result and publishes it.
    ///
    /// - Parameter check: Called now and then with the queries that have been written; throws to give up.
    package func write(
        _ found: NearestNeighbors,
        ids: ResultIDs,
        check: (Int) throws -> Void = { _ in }
    ) throws {
        if let single = output.single {
            let lines = NeighborLines(found: found, ids: ids)
            if output.format == .csv { single.write(lines.csvHeader) }
            for query in 0..<found.queryCount {
                if query % 1024 == 0 { try check(query) }
                single.write(output.format == .csv ? lines.csv(query) : lines.json(query) + "\n")
                try single.flushIfLarge()
            }
        } else {
            try writeArrays(found, ids: ids, check: check)
        }
        try check(found.queryCount)
        try output.files.commit()
    }

    private func writeArrays(_ found: NearestNeighbors, ids: ResultIDs, check: (Int) throws -> Void) throws {
        let (stem, files) = (output.stem, output.files)
        let queryCount = found.queryCount
        let width = queryCount == 0 ? found.k : found.offsets[1]
        let isRectangular = found.offsets.indices.allSatisfy { found.offsets[$0] == $0 * width }
        if !ids.isEmpty {
            let file = try files.add(stem + ".rows.npy.ids.jsonl")
            let lines = NeighborLines(found: found, ids: ids)
            for query in 0..<queryCount {
                if query % 1024 == 0 { try check(query / 2) }
                file.write(lines.idLine(query) + "\n")
                try file.flushIfLarge()
            }
        }
        if !isRectangular {
            let file = try files.add(stem + ".offsets.npy")
            file.write(NumpyHeader.bytes(descriptor: "<i8", shape: [found.offsets.count]))
            try file.write(littleEndian: found.offsets.map { Int64($0) })
        }
        try check(queryCount / 2)
        let shape = isRectangular ? [queryCount, width] : [found.rows.count]
        let scores = try files.add(stem + ".scores.npy")
        scores.write(NumpyHeader.bytes(descriptor: "<f4", shape: shape))
        try scores.write(floats: found.scores.map { found.metric.reported($0) })
        try check(queryCount * 3 / 4)
        let rows = try files.addMarker(stem + ".rows.npy")
        rows.write(NumpyHeader.bytes(descriptor: "<i8", shape: shape))
        try rows.write(littleEndian: found.rows.map { Int64($0) })
    }
}

/// The text of a search result, query by query.
package struct NeighborLines {
    private let found: NearestNeighbors
    private let ids: ResultIDs
    private let scoreName: String

    package init(found: NearestNeighbors, ids: ResultIDs) {
        self.found = found
        self.ids = ids
        scoreName = found.metric.scoreName
    }

    package var csvHeader: String { "query,rank,row,\(scoreName)" + (ids.isEmpty ? "" : ",queryId,id") + "\n" }

    /// The line of a query, without its end.
    package func json(_ query: Int) -> String {
        var text = "{\"query\":\(query)"
        if let queries = ids.queries { text += ",\"queryId\":\(JSONText.of(queries[query]))" }
        text += ",\"neighbors\":["
        for (i, neighbor) in found[query].enumerated() {
            text += i == 0 ? "{" : ",{"
            text += "\"row\":\(neighbor.row)"
            if let corpus = ids.corpus { text += ",\"id\":\(JSONText.of(corpus[neighbor.row]))" }
            text += ",\"\(scoreName)\":\(found.metric.reported(neighbor.score))}"
        }
        return text + "]}"
    }

    /// The lines of a query; none if it has no neighbors.
    package func csv(_ query: Int) -> String {
        var text = ""
        for (i, neighbor) in found[query].enumerated() {
            text += "\(query),\(i + 1),\(neighbor.row),\(found.metric.reported(neighbor.score))"
            if !ids.isEmpty {
                text += ",\(CSVText.of(ids.queries?[query])),\(CSVText.of(ids.corpus?[neighbor.row]))"
            }
            text += "\n"
        }
        return text
    }

    func idLine(_ query: Int) -> String {
        var text = "{\"query\":\(query)"
        if let queries = ids.queries { text += ",\"queryId\":\(JSONText.of(queries[query]))" }
        if let corpus = ids.corpus {
            text += ",\"ids\":[" + found[query].map { JSONText.of(corpus[$0.row]) }.joined(separator: ",") + "]"
        }
        return text + "}"
    }
}

extension Metric {
    /// What a result file calls the reported value.
    var scoreName: String { self == .euclidean ? "distance" : "score" }
}
