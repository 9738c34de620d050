// SPDX-License-Identifier: Apache-2.0

// `simile search` from outside: every result format to the letter, ids, ties, zero rows, self-exclusion, and the same
// bytes from every engine and thread count. Vectors are small integers, so that all expected values are exact. How right
// the neighbors of real data are is the business of SimilarityTests.

import Testing

@Suite struct SearchCommandTests {
    let folder: WorkFolder

    /// Corpus: row 1 and 3 are the same direction (a tie), row 4 is zero.
    init() throws {
        folder = try WorkFolder()
        try folder.write("c.npy", NumpyBytes.floats([[1, 0], [3, 4], [0, 2], [6, 8], [0, 0]]))
        try folder.write("q.npy", NumpyBytes.floats([[2, 0], [0, 0], [3, 4]]))
    }

    @Test func `jsonl has a line for every query, best first, ties to the lower row`() throws {
        let run = try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "3", "--output", "r.jsonl")
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        #expect(
            try folder.text("r.jsonl") == """
                {"query":0,"neighbors":[{"row":0,"score":1.0},{"row":1,"score":0.6},{"row":3,"score":0.6}]}
                {"query":1,"neighbors":[]}
                {"query":2,"neighbors":[{"row":1,"score":1.0},{"row":3,"score":1.0},{"row":2,"score":0.8}]}

                """
        )
    }

    @Test func `csv ranks from 1 and has no lines for a query without neighbors`() throws {
        let run = try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "2", "--output", "r.csv")
        #expect(run.status == 0)
        #expect(
            try folder.text("r.csv") == """
                query,rank,row,score
                0,1,0,1.0
                0,2,1,0.6
                2,1,1,1.0
                2,2,3,1.0

                """
        )
    }

    @Test func `npy is ragged with offsets where queries differ, and removes files of an older result`() throws {
        try folder.write("r.rows.npy.ids.jsonl", "{}")
        let ragged = try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "2", "--output", "r.npy")
        #expect(ragged.status == 0)
        #expect(try folder.files() == ["c.npy", "q.npy", "r.offsets.npy", "r.rows.npy", "r.scores.npy"])
        let offsets = try folder.bytes("r.offsets.npy")
        #expect(offsets.suffix(32) == [0, 2, 2, 4].flatMap { NumpyBytes.bytes(Int64($0)) }[...])
        #expect(try folder.bytes("r.rows.npy").suffix(32) == [0, 1, 1, 3].flatMap { NumpyBytes.bytes(Int64($0)) }[...])

        let even = try folder.run(
            "search",
            "--queries",
            "q.npy",
            "--corpus",
            "c.npy",
            "-k",
            "2",
            "--metric",
            "dot",
            "--output",
            "r.npy"
        )
        #expect(even.status == 0)
        #expect(try folder.files() == ["c.npy", "q.npy", "r.rows.npy", "r.scores.npy"])
        let scores = try folder.bytes("r.scores.npy")
        #expect(
            String(decoding: scores[10...], as: UTF8.self).hasPrefix(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
            )
        )
        #expect(scores.count % 64 == 24)
    }

    @Test func `euclidean results are distances`() throws {
        let run = try folder.run(
            "search",
            "--queries",
            "q.npy",
            "--corpus",
            "c.npy",
            "-k",
            "1",
            "--metric",
            "euclidean",
            "--format",
            "jsonl"
        )
        #expect(
            run.lines == [
                #"{"query":0,"neighbors":[{"row":0,"distance":1.0}]}"#,
                #"{"query":1,"neighbors":[{"row":4,"distance":0.0}]}"#,
                #"{"query":2,"neighbors":[{"row":1,"distance":0.0}]}"#,
            ]
        )
        let csv = try folder.run(
            "search",
            "--queries",
            "q.npy",
            "--corpus",
            "c.npy",
            "-k",
            "1",
            "--metric",
            "euclidean",
            "--format",
            "csv"
        )
        #expect(csv.lines.first == "query,rank,row,distance")
    }

    @Test func `ids of both sides go out with the result`() throws {
        try folder.write("c.ids.jsonl", (0..<5).map { "{\"row\":\($0),\"id\":\($0 * 10)}\n" }.joined())
        try folder.write("q.ids.jsonl", ["\"a\"", "\"b,c\"", "\"say \\\"d\\\"\""].map { "{\"id\":\($0)}\n" }.joined())
        let json = try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "1")
        #expect(json.lines.first == #"{"query":0,"queryId":"a","neighbors":[{"row":0,"id":0,"score":1.0}]}"#)
        #expect(json.lines.last == #"{"query":2,"queryId":"say \"d\"","neighbors":[{"row":1,"id":10,"score":1.0}]}"#)
        let csv = try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "1", "--format", "csv")
        #expect(csv.lines == ["query,rank,row,score,queryId,id", "0,1,0,1.0,a,0", #"2,1,1,1.0,"say ""d""",10"#])
        #expect(try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "--output", "r.npy").status == 0)
        #expect(try folder.text("r.rows.npy.ids.jsonl").hasPrefix(#"{"query":0,"queryId":"a","ids":["#))
    }

    @Test func `exclude-self leaves out the row's own number, and needs one file`() throws {
        let run = try folder.run("search", "--queries", "c.npy", "--corpus", "./c.npy", "-k", "1", "--exclude-self")
        #expect(run.lines[1] == #"{"query":1,"neighbors":[{"row":3,"score":1.0}]}"#)
        let two = try folder.run("search", "--queries", "q.npy", "--corpus", "c.npy", "--exclude-self")
        #expect(two.status == 2)
    }

    @Test func `json carries the counters`() throws {
        let run = try folder.run(
            "search",
            "--queries",
            "q.npy",
            "--corpus",
            "c.npy",
            "--format",
            "json",
            "--engine",
            "simd"
        )
        #expect(run.output.hasPrefix(#"{"results":[{"query":0,"#))
        #expect(run.output.contains(#""counters":{"pairs":"#))
        #expect(run.output.contains(#""engine":"simd"}"#))
    }

    @Test func `invalid rows are refused by number, or skipped with their numbers kept`() throws {
        try folder.write("n.npy", NumpyBytes.floats([[1, 0], [.nan, 1], [1, 1], [.infinity, 0], [2e19, 0]]))
        let refused = try folder.run("search", "--queries", "n.npy", "--corpus", "n.npy", "--output", "r.csv")
        #expect(refused.status == 3)
        #expect(refused.errors.contains("n.npy: 3 invalid rows (1, 3, 4"))
        #expect(try folder.files() == ["c.npy", "n.npy", "q.npy"])
        let skipped = try folder.run(
            "search",
            "--queries",
            "n.npy",
            "--corpus",
            "n.npy",
            "-k",
            "9",
            "--skip-invalid",
            "--format",
            "csv"
        )
        #expect(skipped.status == 0)
        #expect(skipped.lines.dropFirst().map { $0.split(separator: ",")[2] } == ["0", "2", "2", "0"])
    }

    @Test func `an empty input gives an empty result`() throws {
        try folder.write("e.npy", NumpyBytes.file("<f4", "(0, 2)", data: []))
        let queries = try folder.run("search", "--queries", "e.npy", "--corpus", "c.npy", "--output", "r.jsonl")
        #expect(queries.status == 0)
        #expect(try folder.text("r.jsonl").isEmpty)
        let corpus = try folder.run("search", "--queries", "q.npy", "--corpus", "e.npy")
        #expect(corpus.lines.count == 3)
        #expect(corpus.lines[0] == #"{"query":0,"neighbors":[]}"#)
    }

    @Test func `every engine and thread count writes the same bytes`() throws {
        // A fixed pseudo-random walk with repeated rows; wide enough for every tail of the kernels.
        var state: UInt64 = 42
        let rows = (0..<900).map { row in
            (0..<37).map { _ -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ UInt64(1 + row % 7)
                return Float(Int64(bitPattern: state) >> 40) / 8192
            }
        }
        try folder.write("v.npy", NumpyBytes.floats(rows + rows.prefix(50)))
        for metric in ["cosine", "dot", "euclidean"] {
            var first: [UInt8]?
            for engine in ["reference", "simd", "auto"] {
                for threads in ["1", "2", "64"] {
                    let run = try folder.run(
                        "search",
                        "--queries",
                        "v.npy",
                        "--corpus",
                        "v.npy",
                        "--metric",
                        metric,
                        "--engine",
                        engine,
                        "--threads",
                        threads,
                        "--output",
                        "r.jsonl"
                    )
                    #expect(run.status == 0)
                    let bytes = try folder.bytes("r.jsonl")
                    #expect(bytes == first ?? bytes, "\(metric) \(engine) \(threads)")
                    first = bytes
                }
            }
        }
    }
}
