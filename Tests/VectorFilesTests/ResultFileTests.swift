// SPDX-License-Identifier: Apache-2.0
//
// Result files, byte for byte: texts are written out here by the rules of the design, arrays are NumPy's (fixtures). The
// results come from searches small enough to do by head. Euclidean ones say `distance`; ids go where the rules put them;
// queries without neighbors have an empty list, no csv row, an empty range.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct ResultFileTests {
    private static let none = ResultIDs(queries: nil, corpus: nil)

    /// Two queries, rows (5, 2) and (1, 0), scores (0.5, 0.25) and (1, -0.125).
    private static func rectangular() throws -> NearestNeighbors {
        let corpus = VectorMatrix(rows: [[-9, -0.125], [-9, 1], [0.25, -9], [-9, -9], [-9, -9], [0.5, -9]])
        return try corpus.nearest(to: VectorMatrix(rows: [[1, 0], [0, 1]]), k: 2, metric: .dot)
    }

    /// Three queries, the second of which is zero.
    private static func ragged() throws -> NearestNeighbors {
        try VectorMatrix(rows: [[2, 0], [0, 3]]).nearest(to: VectorMatrix(rows: [[1, 0], [0, 0], [0, 1]]), k: 1)
    }

    private static func distances() throws -> NearestNeighbors {
        try VectorMatrix(rows: [[0, 0], [3, 4], [0, 1]]).nearest(
            to: VectorMatrix(rows: [[0, 0]]),
            k: 3,
            metric: .euclidean
        )
    }

    private static func pairs() throws -> Join {
        Join(try VectorMatrix(rows: [[1, 0], [0.5, 0], [0, 1], [0.25, 1]]).selfJoin(threshold: 0.25, metric: .dot))
    }

    @Test func `clusters are written as the command line does`() throws {
        let rows = VectorMatrix(rows: [[0, 1], [5, 5], [0, 1.5]])
        var options = ClusteringOptions()
        options.start = .centroids(VectorMatrix(rows: [[0, 1], [5, 5]]))
        let found = try rows.clusters(2, metric: .euclidean, clustering: options)
        try withFolder { folder in
            let path = folder + "/labels.csv"
            try LabelFile(path: path).write(found, ids: [.string("a"), .string("b"), .string("c")])
            let expected = "row,cluster,distance,id\n0,0,0.25,a\n1,1,0.0,b\n2,0,0.25,c\n"
            #expect(try TestFiles.text(path) == expected)
        }
    }

    private func written(_ found: NearestNeighbors, ids: ResultIDs = none, to name: String) throws -> String {
        try withFolder { folder in
            try NeighborFile(path: folder + "/" + name).write(found, ids: ids)
            #expect(try TestFiles.names(in: folder) == [name])
            return try TestFiles.text(folder + "/" + name)
        }
    }

    @Test("neighbors as JSON lines")
    func neighborsJSON() throws {
        #expect(
            try written(Self.rectangular(), to: "r.jsonl") == """
                {"query":0,"neighbors":[{"row":5,"score":0.5},{"row":2,"score":0.25}]}
                {"query":1,"neighbors":[{"row":1,"score":1.0},{"row":0,"score":-0.125}]}

                """
        )
        #expect(
            try written(Self.ragged(), to: "r.JSONL") == """
                {"query":0,"neighbors":[{"row":0,"score":1.0}]}
                {"query":1,"neighbors":[]}
                {"query":2,"neighbors":[{"row":1,"score":1.0}]}

                """
        )
        #expect(
            try written(Self.distances(), to: "r.jsonl")
                == "{\"query\":0,\"neighbors\":[{\"row\":0,\"distance\":0.0},{\"row\":2,\"distance\":1.0},{\"row\":1,\"distance\":5.0}]}\n"
        )
    }

    @Test("neighbors as comma-separated values")
    func neighborsCSV() throws {
        #expect(
            try written(Self.rectangular(), to: "r.csv")
                == "query,rank,row,score\n0,1,5,0.5\n0,2,2,0.25\n1,1,1,1.0\n1,2,0,-0.125\n"
        )
        #expect(try written(Self.ragged(), to: "r.csv") == "query,rank,row,score\n0,1,0,1.0\n2,1,1,1.0\n")
        #expect(try written(Self.distances(), to: "r.csv").hasPrefix("query,rank,row,distance\n0,1,0,0.0\n0,2,2,1.0\n"))
    }

    private static let odd = ResultIDs(
        queries: [.integer(-7), .string("zero"), .string("a \"q\", é\n\t\u{1}\\")],
        corpus: [.string("x\"\u{301},y"), .string("7")]
    )

    @Test("ids stand beside their rows, quoted by the rules of each format")
    func ids() throws {
        #expect(
            try written(Self.ragged(), ids: Self.odd, to: "r.jsonl") == """
                {"query":0,"queryId":-7,"neighbors":[{"row":0,"id":"x\\"\u{301},y","score":1.0}]}
                {"query":1,"queryId":"zero","neighbors":[]}
                {"query":2,"queryId":"a \\"q\\", é\\n\\t\\u0001\\\\","neighbors":[{"row":1,"id":"7","score":1.0}]}

                """
        )
        #expect(
            try written(Self.ragged(), ids: Self.odd, to: "r.csv")
                == "query,rank,row,score,queryId,id\n0,1,0,1.0,-7,\"x\"\"\u{301},y\"\n2,1,1,1.0,\"a \"\"q\"\", é\n\t\u{1}\\\",7\n"
        )
        let corpusOnly = ResultIDs(queries: nil, corpus: [.integer(1), .integer(2)])
        #expect(
            try written(Self.ragged(), ids: corpusOnly, to: "r.csv")
                == "query,rank,row,score,queryId,id\n0,1,0,1.0,,1\n2,1,1,1.0,,2\n"
        )
        #expect(
            try written(Self.ragged(), ids: corpusOnly, to: "r.jsonl").hasPrefix(
                "{\"query\":0,\"neighbors\":[{\"row\":0,\"id\":1,\"score\":1.0}]}\n"
            )
        )
    }

    @Test("scores are the shortest text that reads back to the same float")
    func shortest() throws {
        var random = SplitMix64(seed: 91)
        let values =
            (0..<300).map { _ in random.anyFinite() }.filter { abs($0) < 1e18 } + [
                Float.leastNonzeroMagnitude, 0.1, 1 / 3, 16_777_216,
            ]
        let found = try VectorMatrix(rowCount: values.count, dimension: 1, values: values).nearest(
            to: VectorMatrix(rows: [[1]]),
            k: values.count,
            metric: .dot
        )
        let lines = try written(found, to: "r.csv").split(separator: "\n").dropFirst()
        #expect(lines.count == values.count)
        for line in lines {
            let fields = line.split(separator: ",")
            let value = try #require(Float(String(fields[3])))
            #expect(value.bitPattern == values[try #require(Int(fields[2]))].bitPattern, "\(line)")
            #expect(fields[3] == Substring(value.description))
        }
    }

    @Test("neighbors as arrays: a rectangle, or flat with offsets; older files of the group go")
    func arrays() throws {
        try withFolder { folder in
            let path = folder + "/r.npy"
            func equal(_ name: String, _ fixture: String) throws {
                #expect(
                    try TestFiles.bytes(folder + "/r." + name) == TestFiles.bytes(TestFiles.fixture(fixture + ".npy")),
                    "\(name)"
                )
            }
            try NeighborFile(path: path).write(try Self.ragged(), ids: Self.odd)
            #expect(
                try TestFiles.names(in: folder) == [
                    "r.offsets.npy", "r.rows.npy", "r.rows.npy.ids.jsonl", "r.scores.npy",
                ]
            )
            try equal("rows.npy", "flatrows")
            try equal("scores.npy", "flatscores")
            try equal("offsets.npy", "offsets")
            let lines = try TestFiles.text(folder + "/r.rows.npy.ids.jsonl").split(separator: "\n")
            #expect(lines.count == 3 && lines[1] == "{\"query\":1,\"queryId\":\"zero\",\"ids\":[]}")
            try NeighborFile(path: path).write(try Self.rectangular(), ids: Self.none)
            #expect(try TestFiles.names(in: folder) == ["r.rows.npy", "r.scores.npy"])
            try equal("rows.npy", "rows")
            try equal("scores.npy", "scores")
        }
    }

    @Test("pairs in every format")
    func pairFiles() throws {
        try withFolder { folder in
            let (joined, ids) = (try Self.pairs(), [RowID.string("a"), .integer(1), .string(","), .integer(3)])
            let both = ResultIDs(queries: ids, corpus: ids)
            try PairFile(path: folder + "/r.jsonl").write(joined, ids: Self.none)
            #expect(
                try TestFiles.text(folder + "/r.jsonl")
                    == "{\"a\":0,\"b\":1,\"score\":0.5}\n{\"a\":0,\"b\":3,\"score\":0.25}\n{\"a\":2,\"b\":3,\"score\":1.0}\n"
            )
            try PairFile(path: folder + "/r.jsonl").write(joined, ids: both)
            #expect(
                try TestFiles.text(folder + "/r.jsonl").hasPrefix(
                    "{\"a\":0,\"b\":1,\"aId\":\"a\",\"bId\":1,\"score\":0.5}\n"
                )
            )
            try PairFile(path: folder + "/r.csv").write(joined, ids: Self.none)
            #expect(try TestFiles.text(folder + "/r.csv") == "a,b,score\n0,1,0.5\n0,3,0.25\n2,3,1.0\n")
            try PairFile(path: folder + "/r.csv").write(joined, ids: both)
            #expect(
                try TestFiles.text(folder + "/r.csv")
                    == "a,b,score,aId,bId\n0,1,0.5,a,1\n0,3,0.25,a,3\n2,3,1.0,\",\",3\n"
            )
            try PairFile(path: folder + "/s.npy").write(joined, ids: both)
            #expect(
                try TestFiles.names(in: folder) == [
                    "r.csv", "r.jsonl", "s.pairs.npy", "s.pairs.npy.ids.jsonl", "s.scores.npy",
                ]
            )
            try PairFile(path: folder + "/s.npy").write(joined, ids: Self.none)
            #expect(try TestFiles.names(in: folder) == ["r.csv", "r.jsonl", "s.pairs.npy", "s.scores.npy"])
            #expect(try TestFiles.bytes(folder + "/s.pairs.npy") == TestFiles.bytes(TestFiles.fixture("pairs.npy")))
            #expect(
                try TestFiles.bytes(folder + "/s.scores.npy") == TestFiles.bytes(TestFiles.fixture("pairscores.npy"))
            )
            let near = try VectorMatrix(rows: [[0, 0], [3, 4]]).selfJoin(threshold: 5, metric: .euclidean)
            try PairFile(path: folder + "/e.csv").write(near, ids: Self.none)
            #expect(try TestFiles.text(folder + "/e.csv") == "a,b,distance\n0,1,5.0\n")
        }
    }

    @Test("empty results are well-formed files")
    func empty() throws {
        let none = VectorMatrix(rowCount: 0, dimension: 2, values: [])
        let (found, joined) = (try none.nearest(to: none, k: 3), try none.selfJoin(threshold: 0))
        try withFolder { folder in
            for name in ["r.jsonl", "r.csv", "r.npy"] {
                try NeighborFile(path: folder + "/" + name).write(found, ids: Self.none)
            }
            for name in ["p.jsonl", "p.csv", "p.npy"] {
                try PairFile(path: folder + "/" + name).write(joined, ids: Self.none)
            }
            #expect(try TestFiles.text(folder + "/r.jsonl").isEmpty && TestFiles.text(folder + "/p.jsonl").isEmpty)
            #expect(try TestFiles.text(folder + "/r.csv") == "query,rank,row,score\n")
            #expect(try TestFiles.text(folder + "/p.csv") == "a,b,score\n")
            #expect(try TestFiles.text(folder + "/p.pairs.npy").contains("(0, 2)"))
            #expect(try TestFiles.text(folder + "/r.rows.npy").contains("(0, "))
        }
    }
}
