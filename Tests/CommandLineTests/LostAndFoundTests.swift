// SPDX-License-Identifier: Apache-2.0

// Nothing is lost and nothing foreign is found: inputs and their ids are never replaced, parts of older results never
// stand beside a new one, limits are kept, and odd values and texts go through every output. Each test was a failure once.

import Foundation
import Testing

@Suite struct LostAndFoundTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        try folder.write("v.ids.jsonl", "{\"id\":\"x\"}\n{\"id\":\"y\"}\n")
    }

    @Test(arguments: [
        ["search", "--queries", "v.npy", "--corpus", "v.npy", "--output", "v.ids.jsonl"],
        ["search", "--queries", "v.npy", "--corpus", "v.npy", "--output", "v.npy"],
        ["search", "--queries", "w.npy", "--corpus", "w.npy", "--output", "v.npy"],
        ["join", "--left", "w.npy", "--threshold", "1", "--output", "link.csv"],
        ["embed", "--input", "u.npy.ids.jsonl", "--text-field", "id", "--output", "u.npy"],
    ])
    func `an output never replaces an input or the ids beside it`(arguments: [String]) throws {
        try FileManager.default.linkItem(atPath: "\(folder.path)/v.npy", toPath: "\(folder.path)/w.npy")
        try FileManager.default.linkItem(atPath: "\(folder.path)/v.npy", toPath: "\(folder.path)/link.csv")
        if arguments.contains("w.npy"), arguments.contains("v.npy") {
            // w.npy is v.npy by another name; a result r.npy has no part of that name, so another case is made of it.
            try folder.write("w.ids.jsonl", "{\"id\":1}\n{\"id\":2}\n")
            try FileManager.default.removeItem(atPath: "\(folder.path)/v.ids.jsonl")
            try FileManager.default.linkItem(atPath: "\(folder.path)/w.ids.jsonl", toPath: "\(folder.path)/v.ids.jsonl")
        }
        try folder.write("u.npy.ids.jsonl", "{\"id\":\"x\"}\n")
        let before = try folder.files().map { try folder.bytes($0) }
        let run = try folder.run(executable: CommandRun.binary, arguments, environment: [:])
        #expect(run.status == 2, "\(run.errors)")
        #expect(try folder.files().map { try folder.bytes($0) } == before)
    }

    @Test func `parts of a result of another operation go when a new one comes`() throws {
        #expect(try folder.run("search", "--queries", "v.npy", "--corpus", "v.npy", "--output", "r.npy").status == 0)
        #expect(try folder.run("join", "--left", "v.npy", "--threshold", "0", "--output", "r.npy").status == 0)
        #expect(try folder.files() == ["r.pairs.npy", "r.pairs.npy.ids.jsonl", "r.scores.npy", "v.ids.jsonl", "v.npy"])
    }

    @Test func `another name of the corpus brings its own ids`() throws {
        try FileManager.default.linkItem(atPath: "\(folder.path)/v.npy", toPath: "\(folder.path)/q.npy")
        try folder.write("q.ids.jsonl", "{\"id\":7}\n{\"id\":9007199254740993}\n")
        let run = try folder.run("search", "--queries", "q.npy", "--corpus", "v.npy", "-k", "1", "--exclude-self")
        #expect(
            run.lines == [
                #"{"query":0,"queryId":7,"neighbors":[{"row":1,"id":"y","score":0.6}]}"#,
                #"{"query":1,"queryId":9007199254740993,"neighbors":[{"row":0,"id":"x","score":0.6}]}"#,
            ]
        )
    }

    @Test func `large values go through tables`() throws {
        try folder.write("big.npy", NumpyBytes.floats([[9.5e14], [-3e18]]))
        for arguments in [
            ["search", "--queries", "big.npy", "--corpus", "big.npy"],
            ["join", "--left", "big.npy", "--threshold", "-3e38"],
            ["matrix", "--input", "big.npy"],
        ] {
            let run = try folder.run(
                executable: CommandRun.binary,
                arguments + ["--metric", "dot", "--format", "table"],
                environment: [:]
            )
            #expect(run.status == 0, "\(run.errors)")
        }
    }

    @Test(arguments: ["(0, 9223372036854775807)", "(0, 4194305)"])
    func `a dimension beyond the limit is refused before it is used`(shape: String) throws {
        try folder.write("wide.npy", NumpyBytes.file("|u1", shape, data: []))
        let run = try folder.run("search", "--queries", "wide.npy", "--corpus", "wide.npy")
        #expect(run.status == 3)
        #expect(run.errors.contains("wide.npy, header: expected at most 4194304 components"))
    }

    @Test func `a join keeps to its memory, and a bench to what there is`() throws {
        try folder.write("same.npy", NumpyBytes.floats(Array(repeating: [1, 2], count: 300)))
        let join = ["join", "--left", "same.npy", "--threshold", "0.5", "--memory", "100KB"]
        let run = try folder.run(executable: CommandRun.binary, join, environment: [:])
        #expect(run.status == 1)
        #expect(run.errors.contains("more than 1515 pairs"))
        #expect(try folder.files() == ["same.npy", "v.ids.jsonl", "v.npy"])
        // With a file for them, the pairs come in groups.
        let grouped = try folder.run(executable: CommandRun.binary, join + ["--output", "r.csv"], environment: [:])
        #expect(grouped.status == 0, "\(grouped.errors)")
        #expect(try folder.text("r.csv").split(separator: "\n").count == 1 + 300 * 299 / 2)
        #expect(try folder.files() == ["r.csv", "same.npy", "v.ids.jsonl", "v.npy"])
        let bench = try folder.run("bench", "search", "--random", "10x10", "--query-count", "9223372036854775807")
        #expect(bench.status == 1, "\(bench.errors)")
    }

    @Test func `an invalid row has no place in a matrix, and the others keep their numbers`() throws {
        try folder.write("n.npy", NumpyBytes.floats([[1, 0], [.nan, 1], [0, 1]]))
        let run = try folder.run("matrix", "--input", "n.npy", "--metric", "dot", "--skip-invalid")
        #expect(run.lines == [#"{"row":0,"scores":[1.0,0.0]}"#, #"{"row":2,"scores":[0.0,1.0]}"#])
        #expect(try folder.run("matrix", "--input", "n.npy").status == 3)
    }

    @Test func `marks after quotes and brackets change nothing`() throws {
        try folder.write("v.ids.jsonl", "{\"id\":\"a\\\"\u{301}b,c\"}\n{\"id\":\"a<\u{301}b\"}\n")
        let csv = try folder.run("search", "--queries", "v.npy", "--corpus", "v.npy", "-k", "1", "--format", "csv")
        #expect(csv.lines[1].hasSuffix(",\"a\"\"\u{301}b,c\",\"a\"\"\u{301}b,c\""))
        #expect(try folder.run("matrix", "--input", "v.npy", "--output", "m.svg").status == 0)
        // By bytes: as characters, the mark is part of what stands before it.
        #expect(Data(try folder.bytes("m.svg")).range(of: Data("a&lt;\u{301}b".utf8)) != nil)
    }

    @Test func `a reader that goes early is no reason to leave files behind`() throws {
        try folder.write("many.npy", NumpyBytes.floats((0..<3000).map { [Float($0), 1] }))
        let run = try folder.shell("\"$SIMILE\" search --queries many.npy --corpus many.npy -k 100 | head -n 1")
        #expect(run.lines.count == 1 && run.errors.isEmpty)
        let before = try folder.files()
        let messages = try folder.shell(
            "\"$SIMILE\" search --queries many.npy --corpus many.npy --output r.jsonl 2>&1 | true"
        )
        #expect(messages.status == 0)
        #expect(try folder.files().filter { $0 != "r.jsonl" } == before)
    }

    @Test func `a folder as input is refused`() throws {
        let run = try folder.shell("mkdir p.npy && exec \"$SIMILE\" info p.npy")
        #expect(run.status == 3)
    }
}
