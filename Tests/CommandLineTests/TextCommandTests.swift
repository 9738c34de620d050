// SPDX-License-Identifier: Apache-2.0

// Commands on texts, with the real model, and those that describe: embed, matrix, info, bench. The model must be in the
// cache (scripts/fetch-model); without it these tests fail and say so. Cosines are compared to three digits: across
// machines the encoder agrees within its stated error only.

import Foundation
import Testing

@Suite struct TextCommandTests {
    let folder: WorkFolder

    init() throws { folder = try WorkFolder() }

    @Test func `the matrix of three texts is that of the readme`() throws {
        let run = try folder.run(
            "matrix",
            "AI Model Hub",
            "Michael Jackson",
            "best-selling music artists",
            "--format",
            "table"
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.output == """
                                                  1      2      3\u{20}
                1  AI Model Hub               1.000  0.084  0.052\u{20}
                2  Michael Jackson            0.084  1.000  0.392\u{20}
                3  best-selling music artists 0.052  0.392  1.000\u{20}

                """
        )
    }

    @Test func `a matrix goes to lines, csv, npy and a picture`() throws {
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        let lines = try folder.run("matrix", "--input", "v.npy")
        #expect(lines.lines == [#"{"row":0,"scores":[1.0,0.6]}"#, #"{"row":1,"scores":[0.6,1.0]}"#])
        let csv = try folder.run("matrix", "--input", "v.npy", "--metric", "euclidean", "--format", "csv")
        #expect(csv.lines.first == "row,0,1")
        for name in ["m.svg", "m.npy", "m.csv", "m.jsonl"] {
            #expect(try folder.run("matrix", "--input", "v.npy", "--output", name).status == 0)
        }
        #expect(try folder.text("m.svg").contains(">0.600</text>"))
        #expect(try folder.bytes("m.npy").suffix(4) == [0, 0, 0x80, 0x3F])
        #expect(try folder.text("m.jsonl") == lines.output)
    }

    @Test func `a matrix larger than the memory allowed is refused`() throws {
        try folder.write("v.npy", NumpyBytes.floats((0..<600).map { [Float($0), 1] }))
        let run = try folder.run("matrix", "--input", "v.npy", "--memory", "1MiB")
        #expect(run.status == 1)
        #expect(run.errors.contains("--memory"))
    }

    @Test func `vectors of other texts are refused, and those of the same texts in another kind of file are taken`()
        throws
    {
        let texts = ["a red fox", "stock prices fell", "the cat sleeps"]
        func lines(_ texts: [String]) -> String { texts.map { "{\"text\":\"\($0)\"}\n" }.joined() }
        try folder.write("a.txt", texts.joined(separator: "\n"))
        try folder.write("same.jsonl", lines(texts))
        try folder.write("other.jsonl", lines(texts.reversed()))
        #expect(try folder.run("embed", "--input", "a.txt", "--output", "v.npy").status == 0)
        func cluster(_ input: String) throws -> CommandRun {
            try folder.run("cluster", "--input", input, "--vectors", "v.npy", "-k", "2", "--output", "l.csv")
        }
        for input in ["a.txt", "same.jsonl"] { #expect(try cluster(input).status == 0) }
        let refused = try cluster("other.jsonl")
        #expect(
            refused.status == 3 && refused.errors.contains("found those of a.txt with other texts (v.npy.run.json)"),
            "\(refused.errors)"
        )
        // What another program has written since is bound to nothing.
        try folder.write("v.npy", NumpyBytes.floats([[1, 2], [2, 1], [0, 1]]))
        #expect(try cluster("other.jsonl").status == 0)
    }

    @Test func `embedding keeps ids and order, and files say what lines say`() throws {
        try folder.write(
            "t.jsonl",
            "{\"id\":\"x\",\"text\":\"a small boat\"}\n\n{\"id\":\"y\",\"text\":\"a large ship\"}\n"
        )
        let lines = try folder.run("embed", "--input", "t.jsonl")
        #expect(lines.status == 0, "\(lines.errors)")
        #expect(lines.lines.count == 2)
        #expect(lines.lines[1].hasPrefix(#"{"row":1,"id":"y","embedding":["#))
        #expect(try folder.run("embed", "--input", "t.jsonl", "--output", "v.npy").status == 0)
        let ids = try folder.text("v.npy.ids.jsonl").split(separator: "\n").dropFirst()
        #expect(ids == [#"{"row":0,"id":"x"}"#, #"{"row":1,"id":"y"}"#])
        let texts = try folder.run("search", "--queries", "t.jsonl", "--corpus", "t.jsonl", "-k", "2")
        let vectors = try folder.run("search", "--queries", "v.npy", "--corpus", "v.npy", "-k", "2")
        #expect(texts.output == vectors.output)
        #expect(vectors.lines[0].hasPrefix(#"{"query":0,"queryId":"x","neighbors":[{"row":0,"id":"x","score":1.0},"#))
    }

    @Test func `blank texts are refused by line or left out with row numbers kept`() throws {
        try folder.write("t.txt", "a boat\n\t\na ship\n")
        #expect(try folder.run("embed", "--input", "t.txt", "--output", "v.npy").status == 3)
        #expect(try folder.files() == ["t.txt"])
        let lines = try folder.run("embed", "--input", "t.txt", "--skip-invalid")
        #expect(lines.lines.map { $0.prefix(8) } == ["{\"row\":0", "{\"row\":2"])
        #expect(lines.errors.contains("line 2"))
        let search = try folder.run("search", "--queries", "t.txt", "--corpus", "t.txt", "-k", "1", "--skip-invalid")
        #expect(search.lines.count == 3)
        #expect(search.lines[1] == #"{"query":1,"neighbors":[]}"#)
        #expect(search.lines[2].hasPrefix(#"{"query":2,"neighbors":[{"row":2,"#))
    }

    @Test func `info describes a file and the machine`() throws {
        try folder.write("v.npy", NumpyBytes.floats([[3, 4], [0, 0], [.nan, 1]]))
        let file = try folder.run("info", "v.npy", "--format", "json")
        #expect(
            file.lines == [
                #"{"rows":3,"dimension":2,"type":"f4","normMin":0,"normMax":5,"zeroRows":1,"invalidRows":1}"#
            ]
        )
        let machine = try folder.run("info", "--format", "json")
        let keys = try #require(JSONSerialization.jsonObject(with: Data(machine.output.utf8)) as? [String: Any]).keys
        #expect(Set(keys).isSuperset(of: ["version", "engine", "blas", "core", "isa", "threads", "threadsFrom"]))
        #expect(Set(keys).isSuperset(of: ["libblas", "liblapack"]))
    }

    #if OpenBLAS
    @Test func `info names the BLAS and LAPACK that are loaded and warns of a foreign one`() throws {
        func facts(_ run: CommandRun) throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        }
        let run = try folder.run("info", "--format", "json")
        // Debian's OpenBLAS takes the newest processors for older ones, which is told.
        let warnings = run.errors.split(separator: "\n").filter { !$0.contains("OpenBLAS takes this processor for") }
        #expect(run.status == 0 && warnings.isEmpty, "\(run.errors)")
        #expect(run.output.contains(#""threadsFrom":"#) && run.output.contains(#"","libblas":"/"#))
        let blas = try #require(facts(run)["libblas"] as? String)
        let lapack = try #require(facts(run)["liblapack"] as? String)
        let library = URL(fileURLWithPath: blas)
        #expect(library.resolvingSymlinksInPath() == library && library.lastPathComponent.hasPrefix("libblas.so.3"))
        #expect(lapack == library.deletingLastPathComponent().appendingPathComponent("liblapack.so.3").path)
        let table = try folder.run("info", "--format", "table")
        let rows = table.lines.suffix(2).map { $0.split(separator: " ").map(String.init) }
        #expect(rows == [["libblas", blas], ["liblapack", lapack]])

        // The same library elsewhere stands for another one.
        try FileManager.default.copyItem(atPath: library.path, toPath: "\(folder.path)/libblas.so.3")
        let copy = URL(fileURLWithPath: folder.path).lastPathComponent + "/libblas.so.3"
        let foreign = try folder.run(
            "info",
            "--format",
            "json",
            environment: ["LD_LIBRARY_PATH": folder.path]
        )
        #expect(foreign.status == 0)
        #expect((try facts(foreign)["libblas"] as? String)?.hasSuffix(copy) == true, "\(foreign.output)")
        #expect(foreign.errors.hasPrefix("simile: warning: ") && foreign.errors.contains(copy), "\(foreign.errors)")
    }
    #else
    @Test func `info has no BLAS and no LAPACK to name`() throws {
        let run = try folder.run("info", "--format", "json")
        #expect(run.output.hasSuffix(",\"libblas\":null,\"liblapack\":null}\n") && run.errors.isEmpty)
    }
    #endif

    @Test func `bench prints one object with runs, medians and counters`() throws {
        let run = try folder.run(
            "bench",
            "search",
            "--random",
            "2000x33",
            "--query-count",
            "20",
            "--runs",
            "2",
            "--threads",
            "1"
        )
        let object = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        #expect((object["runs"] as? [Any])?.count == 2)
        #expect(((object["median"] as? [String: Any])?["ratio"] as? Double ?? 0) > 0)
        #expect((object["counters"] as? [String: Any])?["pairs"] as? Int == 40_000)
    }
}
