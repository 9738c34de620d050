// SPDX-License-Identifier: Apache-2.0

// `simile join` from outside: formats, order, inclusive thresholds read to the nearest float, self-joins, distances.

import Testing

@Suite struct JoinCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4], [0, 2], [6, 8], [0, 0]]))
        try folder.write("w.npy", NumpyBytes.floats([[0, 1], [5, 0]]))
    }

    @Test func `a self-join has each pair once, ordered`() throws {
        let run = try folder.run("join", "--left", "v.npy", "--threshold", "0.8", "--output", "r.jsonl")
        #expect(run.status == 0)
        #expect(
            try folder.text("r.jsonl") == """
                {"a":1,"b":2,"score":0.8}
                {"a":1,"b":3,"score":1.0}
                {"a":2,"b":3,"score":0.8}

                """
        )
    }

    @Test(arguments: ["0.8", "0.80000001", "8e-1", "0.79999999"])
    func `the threshold is read to the nearest float and is inclusive`(threshold: String) throws {
        let run = try folder.run("join", "--left", "v.npy", "--threshold", threshold, "--format", "csv")
        #expect(run.lines == ["a,b,score", "1,2,0.8", "1,3,1.0", "2,3,0.8"])
    }

    @Test func `two sides give all pairs of both`() throws {
        let run = try folder.run("join", "--left", "v.npy", "--right", "w.npy", "--threshold", "0.6", "--format", "csv")
        #expect(run.lines == ["a,b,score", "0,1,1.0", "1,0,0.8", "1,1,0.6", "2,0,1.0", "3,0,0.8", "3,1,0.6"])
    }

    @Test func `a euclidean threshold is the largest distance`() throws {
        let run = try folder.run(
            "join",
            "--left",
            "v.npy",
            "--threshold",
            "2",
            "--metric",
            "euclidean",
            "--format",
            "csv"
        )
        #expect(run.lines == ["a,b,distance", "0,4,1.0", "2,4,2.0"])
    }

    @Test func `npy is a pairs and a scores file`() throws {
        #expect(try folder.run("join", "--left", "v.npy", "--threshold", "0.9", "--output", "r.npy").status == 0)
        #expect(try folder.files() == ["r.pairs.npy", "r.scores.npy", "v.npy", "w.npy"])
        #expect(try folder.bytes("r.pairs.npy").suffix(16) == [1, 3].flatMap { NumpyBytes.bytes(Int64($0)) }[...])
        #expect(try folder.bytes("r.scores.npy").suffix(4) == [0, 0, 0x80, 0x3F])
    }

    @Test func `ids are aId and bId`() throws {
        try folder.write("v.ids.jsonl", "abcde".map { "{\"id\":\"\($0)\"}\n" }.joined())
        let json = try folder.run("join", "--left", "v.npy", "--threshold", "1")
        #expect(json.lines == [#"{"a":1,"b":3,"aId":"b","bId":"d","score":1.0}"#])
        let csv = try folder.run("join", "--left", "v.npy", "--threshold", "1", "--format", "csv")
        #expect(csv.lines == ["a,b,score,aId,bId", "1,3,1.0,b,d"])
    }

    @Test(arguments: ["1.5", "-2"]) func `a threshold out of reach is legal`(threshold: String) throws {
        let run = try folder.run("join", "--left", "v.npy", "--threshold", threshold, "--format", "csv")
        #expect(run.status == 0)
        // Four rows have a cosine: six pairs, or none.
        #expect(run.lines.count == (threshold == "1.5" ? 1 : 7))
    }

    @Test(arguments: ["nan", "inf", "-inf", "1e50", "x", ""])
    func `a threshold that is no number is wrong usage`(threshold: String) throws {
        #expect(try folder.run("join", "--left", "v.npy", "--threshold", threshold).status == 2)
    }

    @Test func `a negative distance is wrong usage`() throws {
        let run = try folder.run("join", "--left", "v.npy", "--threshold", "-0.5", "--metric", "euclidean")
        #expect(run.status == 2)
    }
}
