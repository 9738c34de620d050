// SPDX-License-Identifier: Apache-2.0
//
// `simile dedup` from outside: which records stay, to the byte, in every form of input; reports and what is done again from one; what is
// refused. Vectors are exact angles, so that scores are known.

import Foundation
import Testing

@Suite struct DedupCommandTests {
    let folder: WorkFolder

    /// Rows 0 and 1 are near, 1 and 2 too, 0 and 2 are not; 3 is alone; 4 is 3 again.
    init() throws {
        folder = try WorkFolder()
        try folder.write(
            "v.npy",
            NumpyBytes.floats([[1, 0], [0.9397, 0.342], [0.766, 0.6428], [-1, 0], [-2, 0]])
        )
        try folder.write(
            "t.jsonl",
            "{\"id\":\"a\",\"text\":\"one\", \"x\": [1]}\n\n{\"id\":\"b\",\"text\":\"two words\"}\r\n"
                + "{\"text\":\"three\",\"id\":\"c\"}\n{\"id\":\"d\",\"text\":\"4\"}\n{\"id\":\"e\",\"text\":\"five\"}"
        )
        try folder.write("t.csv", "n,text\r\n1,\"o\r\nne\"\r\n2,two words\r\n3,\"th\"\"ree\"\r\n4,4\r\n5,five")
        try folder.write("t.txt", "one\ntwo words\r\nthree\n4\nfive")
    }

    private func dedup(_ line: String) throws -> CommandRun {
        try folder.run(
            executable: CommandRun.binary,
            ["dedup"] + line.split(separator: " ").map(String.init),
            environment: [:]
        )
    }

    @Test func `kept records stand in the output as they stood in the input`() throws {
        let given = "--vectors v.npy --threshold 0.9063"
        for (name, expected) in [
            (
                "jsonl",
                "{\"id\":\"a\",\"text\":\"one\", \"x\": [1]}\n{\"text\":\"three\",\"id\":\"c\"}\n{\"id\":\"d\",\"text\":\"4\"}\n"
            ), ("csv", "n,text\r\n1,\"o\r\nne\"\r\n3,\"th\"\"ree\"\r\n4,4\r\n"), ("txt", "one\nthree\n4\n"),
        ] {
            let run = try dedup("--input t.\(name) \(given) --output k.\(name) --output-vectors k.npy")
            #expect(run.status == 0 && run.output.isEmpty, "\(run.errors)")
            #expect(run.errors.contains("5 records: 3 kept, 2 dropped in 2 groups"))
            #expect(try folder.text("k.\(name)") == expected)
            #expect(
                try folder.bytes("k.npy").suffix(24)
                    == NumpyBytes.floats([[1, 0], [0.766, 0.6428], [-1, 0]]).suffix(24)
            )
        }
        let longest = try dedup("--input t.txt \(given) --keep longest --output k.txt")
        #expect(try folder.text("k.txt") == "two words\r\nfive\n", "\(longest.errors)")
        _ = try dedup("--input t.txt \(given) --linkage single --output k.txt")
        #expect(try folder.text("k.txt") == "one\n4\n")
        _ = try dedup("--input v.npy --threshold 0.9063 --output k.npy")
        #expect(
            try folder.bytes("k.npy").suffix(24) == NumpyBytes.floats([[1, 0], [0.766, 0.6428], [-1, 0]]).suffix(24)
        )
        _ = try dedup("--input v.npy --metric euclidean --threshold 0.5 --keep central --output k.npy")
        #expect(
            try folder.bytes("k.npy").suffix(24)
                == NumpyBytes.floats([[0.9397, 0.342], [-1, 0], [-2, 0]]).suffix(24)
        )
    }

    @Test func `a report has a line for every dropped record`() throws {
        _ = try dedup("--input t.jsonl --vectors v.npy --threshold 0.9063 --report r.jsonl")
        let lines = try folder.text("r.jsonl").split(separator: "\n")
        #expect(lines.count == 2)
        let record = try #require(
            JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
        )
        #expect(record["dropped"] as? Int == 1 && record["kept"] as? Int == 0 && record["group"] as? Int == 0)
        #expect(record["droppedId"] as? String == "b" && record["keptText"] as? String == "one")
        #expect(lines[1].hasPrefix("{\"dropped\":4,\"kept\":3,\"score\":1.0,\"group\":1,"))
        _ = try dedup("--input t.csv --vectors v.npy --threshold 0.9063 --linkage single --report r.csv")
        #expect(
            try folder.text("r.csv").hasPrefix("dropped,kept,score,group,droppedText,keptText,pairs\n1,0,")
        )
        #expect(try folder.text("r.csv").contains("\n2,0,,0,\"th\"\"ree\",\"o\r\nne\",1:0.9"))
        let printed = try dedup("--input v.npy --threshold 0.9063")
        #expect(
            printed.lines.count == 2
                && printed.lines[1] == #"{"dropped":4,"kept":3,"score":1.0,"group":1,"pairs":[[3,1.0]]}"#
        )
    }

    @Test(arguments: ["jsonl", "csv"]) func `what is done again from a report is what is done at once`(ending: String)
        throws
    {
        // Rows in dense heaps, so that who is kept changes with the threshold.
        var state: UInt64 = 5
        let rows = (0..<120).map { i in
            (0..<4).map { j -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(i % 7 == j ? 2 : 0) + Float(Int64(bitPattern: state) >> 40) * 0x1p-22
            }
        }
        try folder.write("h.npy", NumpyBytes.floats(rows))
        for (metric, first, then) in [
            ("cosine", "0.8", ["0.8", "0.9", "0.97", "1.5"]), ("euclidean", "2", ["2", "1", "0.2"]),
        ] {
            #expect(try dedup("--input h.npy --metric \(metric) --threshold \(first) --report r.\(ending)").status == 0)
            for threshold in then {
                for rule in ["", "--keep central", "--linkage single", "--linkage single --keep central"] {
                    let again = try dedup(
                        "--input h.npy --from r.\(ending) --threshold \(threshold) \(rule) --report a.\(ending) --output a.npy"
                    )
                    #expect(again.status == 0, "\(again.errors)")
                    let once = try dedup(
                        "--input h.npy --metric \(metric) --threshold \(threshold) \(rule) --report b.\(ending) --output b.npy"
                    )
                    #expect(once.status == 0)
                    #expect(
                        try folder.bytes("a.\(ending)") == folder.bytes("b.\(ending)"),
                        "\(metric) \(threshold) \(rule)"
                    )
                    #expect(try folder.bytes("a.npy") == folder.bytes("b.npy"))
                }
            }
        }
    }

    @Test func `records that are near another corpus are dropped`() throws {
        try folder.write("o.npy", NumpyBytes.floats([[0, 1], [-1, 0.01], [0.766, 0.6428]]))
        let run = try dedup("--input v.npy --against o.npy --threshold 0.95 --output k.npy --report r.jsonl")
        #expect(run.status == 0 && run.errors.contains("5 records: 2 kept, 3 dropped"), "\(run.errors)")
        #expect(
            try folder.text("r.jsonl").split(separator: "\n").map { $0.prefix(23) } == [
                "{\"dropped\":2,\"kept\":2,\"", "{\"dropped\":3,\"kept\":1,\"", "{\"dropped\":4,\"kept\":1,\"",
            ]
        )
        let again = try dedup("--input v.npy --from r.jsonl --threshold 0.99999 --output k.npy")
        #expect(again.errors.contains("4 kept, 1 dropped"), "\(again.errors)")
    }

    @Test(arguments: ["jsonl", "csv"])
    func `many copies take neither memory nor a report of all their pairs, and can be gone on from`(ending: String)
        throws
    {
        let copy: [Float] = [0.5, 0.25, 1]
        let others: [[Float]] = (0..<30).map { [Float($0) / 30, 1, 0.3] } + [[0.5, 0.26, 1], [0.49, 0.25, 1]]
        // Five thousand copies have twelve million pairs.
        let rows = Array(others.prefix(10)) + [[Float]](repeating: copy, count: 5000) + others.dropFirst(10)
        try folder.write("m.npy", NumpyBytes.floats(rows))
        let report = "r.\(ending)"
        let run = try dedup("--input m.npy --threshold 0.99 --memory 64MiB --output k.npy --report \(report)")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try folder.bytes(report).count < 600_000)
        // With a stricter threshold: from the report, and from nothing.
        for options in ["", "--linkage single", "--keep central"] {
            let line = "--input m.npy --threshold 0.9999 \(options) --output"
            let (again, fresh) = (try dedup("\(line) a.npy --from \(report)"), try dedup("\(line) b.npy"))
            #expect(again.status == 0 && fresh.status == 0, "\(again.errors) \(fresh.errors)")
            #expect(try folder.bytes("a.npy") == folder.bytes("b.npy"), "\(options)")
        }
    }

    @Test func `what cannot be is refused, and nothing is lost`() throws {
        _ = try dedup("--input v.npy --threshold 0.9 --report r.jsonl")
        try folder.write("w.npy", NumpyBytes.floats([[1, 0], [0, 1]]))
        try folder.write("one.txt", "a\n")
        try folder.write("torn.jsonl", "{\"dropped\":1,\"kept\":0,\"score\":1,\"pairs\":[[9,1.0]]}\n")
        try Data(try folder.bytes("r.jsonl.run.json")).write(
            to: URL(fileURLWithPath: folder.path + "/torn.jsonl.run.json")
        )
        let before = try folder.files()
        for (line, status, message) in [
            ("--input w.npy --from r.jsonl --threshold 0.95", 3, "expected a report about w.npy"),
            ("--input v.npy --from r.jsonl --threshold 0.5", 2, "was made with 0.9"),
            ("--input v.npy --from no.jsonl --threshold 0.95", 3, "no.jsonl.run.json"),
            ("--input v.npy --from torn.jsonl --threshold 0.95", 3, "torn.jsonl, line 1: expected a line of a report"),
            ("--input v.npy --from r.jsonl --threshold 0.95 --metric dot", 2, "from the report"),
            ("--input v.npy --threshold nan", 2, "threshold"),
            ("--input v.npy --threshold 0.9 --keep longest", 2, "needs texts"),
            ("--input t.txt --vectors w.npy --threshold 0.9", 3, "expected a vector for each of the 5 texts"),
            ("--input t.txt --vectors v.npy --threshold 0.9 --output k.jsonl", 2, "ends in .txt"),
            ("--input v.npy --threshold 0.9 --output v.npy", 2, "replace or remove the input"),
            ("--input v.npy --threshold 0.9 --output no/k.npy", 1, "no/k.npy"),
            ("--input v.npy --threshold 0.9 --report r.txt", 2, ".jsonl, .csv"),
            ("--input v.npy --metric euclidean --threshold -1", 2, "not negative"),
            ("--input v.npy --against w.npy --threshold 0.9 --keep central", 2, "--against"),
        ] {
            let run = try dedup(line)
            #expect(Int(run.status) == status && run.errors.contains(message), "\(line): \(run.status) \(run.errors)")
            #expect(try folder.files() == before, "\(line)")
        }
        let one = try dedup("--input one.txt --vectors w.npy --threshold 0.5")
        #expect(one.status == 3)
    }
}
