// SPDX-License-Identifier: Apache-2.0
//
// `evaluate`, `distill` and the static model that comes with the command line, from outside.

import Foundation
import Testing

@Suite struct EvaluateCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("q.npy", NumpyBytes.floats([[1, 0], [0, 1], [1, 1]]))
        try folder.write("c.npy", NumpyBytes.floats([[1, 0.1], [0.9, 1], [0.2, 1]]))
    }

    private func simile(_ line: String, environment: [String: String] = [:]) throws -> CommandRun {
        try folder.run(
            executable: CommandRun.binary,
            line.split(separator: " ").map(String.init),
            environment: environment
        )
    }

    @Test func `evaluate tells whether answers are found`() throws {
        let run = try simile("evaluate --queries q.npy --corpus c.npy -k 1")
        #expect(
            run.lines == [
                #"{"queries":3,"rows":3,"k":1,"precisionAt1":0.33333334,"recall":0.33333334,"reciprocalRank":0.33333334,"#
                    + #""normalizedGain":0.33333334,"areaUnderCurve":0.6666667}"#
            ],
            "\(run.output) \(run.errors)"
        )
        try folder.write("p.csv", "query,positive\n1,2\n2,1\n")
        let known = try simile("evaluate --queries q.npy --corpus c.npy --positives p.csv --format table")
        #expect(
            known.lines[0] == "queries         2" && known.lines.contains("recall          1.0000"),
            "\(known.output)"
        )
        #expect(known.lines.contains("areaUnderCurve  1.0000"))
        try folder.write("g.csv", "query,positive,grade\n1,2,3\n1,0,1\n2,1,0\n")
        let graded = try simile("evaluate --queries q.npy --corpus c.npy --positives g.csv --format table")
        #expect(graded.lines[0] == "queries         1", "\(graded.output) \(graded.errors)")
        try folder.write(
            "g.jsonl",
            "{\"query\":1,\"positives\":[2,0],\"grades\":[3,1]}\n{\"query\":2,\"positive\":1,\"grade\":0}\n"
        )
        #expect(
            try simile("evaluate --queries q.npy --corpus c.npy --positives g.jsonl --format table").output
                == graded.output
        )
        for (text, words) in [
            ("{\"query\":1,\"positives\":[2,0],\"grades\":[3]}", "as many grades"),
            ("{\"query\":1,\"positive\":2,\"grade\":-1}", "at least 0"),
            ("{\"query\":1,\"positives\":[2,2],\"grades\":[3,1]}", "one grade"),
        ] {
            try folder.write("odd.jsonl", text + "\n")
            let odd = try simile("evaluate --queries q.npy --corpus c.npy --positives odd.jsonl")
            #expect(
                odd.status == 3 && odd.errors.contains("odd.jsonl, line 1") && odd.errors.contains(words),
                "\(odd.errors)"
            )
        }
        try folder.write("none.csv", "query,positive\n")
        let none = try simile("evaluate --queries q.npy --corpus c.npy --positives none.csv")
        #expect(none.status == 3 && none.errors.contains("none.csv") && none.errors.contains("answers"))
        let uneven = try simile("evaluate --queries q.npy --corpus t.npy")
        #expect(uneven.status == 3)
    }

    @Test func `evaluate compares scores of pairs with those that people gave`() throws {
        try folder.write("a.npy", NumpyBytes.floats([[1, 0], [1, 0], [1, 0], [1, 0]]))
        try folder.write("b.npy", NumpyBytes.floats([[1, 0], [1, 1], [0, 1], [-1, 0]]))
        try folder.write("pairs.jsonl", [5, 4, 2, 0].map { "{\"score\":\($0)}\n" }.joined())
        let run = try simile("evaluate --pairs pairs.jsonl --first-vectors a.npy --second-vectors b.npy")
        #expect(run.output.hasPrefix(#"{"pairs":4,"spearman":1.0,"pearson":0.9"#), "\(run.output) \(run.errors)")
        try folder.write("binary.csv", "label\n1\n1\n0\n0\n")
        let binary = try simile(
            "evaluate --pairs binary.csv --score-field label --first-vectors a.npy --second-vectors b.npy --metric euclidean"
        )
        #expect(binary.output.contains(#""areaUnderCurve":1.0"#), "\(binary.output) \(binary.errors)")
        try folder.write(
            "texts.csv",
            "sentence1,sentence2,score\na man plays a guitar,someone plays an instrument,4\nthe cat sleeps,stocks fell on Monday,0\n"
                + "a dog runs,the dog is running,5\n"
        )
        let texts = try simile("evaluate --pairs texts.csv --model static")
        #expect(texts.output.hasPrefix(#"{"pairs":3,"spearman":1.0,"#), "\(texts.output) \(texts.errors)")
        try folder.write("odd.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":\"high\"}\n")
        let odd = try simile("evaluate --pairs odd.jsonl --model static")
        #expect(odd.status == 3 && odd.errors.contains("odd.jsonl, record 1") && odd.errors.contains("\"high\""))
        let short = try simile("evaluate --pairs pairs.jsonl --first-vectors q.npy --second-vectors q.npy")
        #expect(short.status == 3 && short.errors.contains("4 pairs"))
    }

    /// Texts are embedded 65,536 at a time.
    @Test func `texts of more than one part have their vectors, ids and lines`() throws {
        let count = 65_550
        let blank = [0, 65_540]
        let texts = (0..<count).map { blank.contains($0) ? " " : "\($0 % 1000) apples" }
        try folder.write("t.jsonl", texts.enumerated().map { "{\"id\":\($0),\"text\":\"\($1)\"}\n" }.joined())
        let run = try simile("embed --input t.jsonl --model static --output v.fbin --skip-invalid")
        #expect(run.status == 0 && run.errors.contains("2 blank texts (lines 1, 65541) left out"), "\(run.errors)")
        try folder.write("q.jsonl", "{\"id\":\"q\",\"text\":\"545 apples\"}\n")
        #expect(try simile("embed --input q.jsonl --model static --output w.fbin").status == 0)
        let found = try simile("join --left w.fbin --right v.fbin --threshold 0.9999999 --format csv")
        let rows = found.lines.dropFirst().compactMap { Int($0.split(separator: ",")[1]) }
        // Rows of the vectors are those of the texts less the blank ones before them.
        let expected = stride(from: 545, to: count, by: 1000).map { row in row - blank.count { $0 < row } }
        #expect(rows.count == 66 && Set(rows) == Set(expected), "\(found.errors) \(rows.count)")
        let long = String(repeating: "word ", count: 600)
        try folder.write("long.txt", (0..<65_540).map { $0 == 65_538 ? long : "a" }.joined(separator: "\n") + "\n")
        let refused = try simile("embed --input long.txt --model static --on-long refuse --output x.npy")
        #expect(refused.status == 3 && refused.errors.contains("line 65539: 1 text is longer than the 512 tokens"))
        #expect(try folder.files().contains { $0.hasPrefix("x.npy") } == false)
    }

    @Test func `prompts are put before texts, by their names or as they are`() throws {
        let files =
            URL(fileURLWithPath: CommandRun.binary).deletingLastPathComponent().path
            + "/simile_CStaticModel.resources/static"
        try FileManager.default.copyItem(atPath: files, toPath: "\(folder.path)/m")
        try folder.write(
            "m/config_sentence_transformers.json",
            #"{"prompts":{"query":"a question about ","document":"an answer about "}}"#
        )
        try folder.write("texts.txt", "rain\nwater\n")
        for (name, words) in [("q", "a question about "), ("d", "an answer about ")] {
            try folder.write("\(name).txt", "\(words)rain\n\(words)water\n")
            #expect(try simile("embed --input \(name).txt --model static --output \(name).npy").status == 0)
        }
        let expected = try simile("search --queries q.npy --corpus d.npy -k 2 --format csv").output
        try FileManager.default.copyItem(atPath: "\(folder.path)/texts.txt", toPath: "\(folder.path)/others.txt")
        #expect(
            try simile("search --queries texts.txt --corpus others.txt -k 2 --model ./m --format csv").output
                == expected
        )
        #expect(
            try simile(
                "search --queries texts.txt --corpus others.txt -k 2 --model ./m --prompt document --query-prompt query --format csv"
            )
            .output == expected
        )
        #expect(try simile("embed --input texts.txt --model ./m --prompt document --output e.npy").status == 0)
        #expect(
            try folder.bytes("e.npy") == folder.bytes("d.npy")
                && folder.text("e.npy.run.json").contains("\"prompt\": \"document\"")
        )
        let literal = try folder.run(
            "embed",
            "--input",
            "texts.txt",
            "--model",
            "static",
            "--prompt",
            "a question about ",
            "--output",
            "l.npy"
        )
        #expect(try literal.status == 0 && folder.bytes("l.npy") == folder.bytes("q.npy"))
        for line in ["search --queries q.npy --corpus c.npy --query-prompt x", "cluster --input c.npy -k 2 --prompt x"]
        {
            #expect(try simile(line).status == 2, "\(line)")
        }
    }

    @Test(arguments: [
        "evaluate", "evaluate --queries q.npy", "evaluate --pairs p.csv --queries q.npy --corpus c.npy",
        "evaluate --pairs p.csv -k 3",
        "evaluate --queries q.npy --corpus c.npy -k 0", "evaluate --queries q.npy --corpus c.npy --score-field s",
        "evaluate --pairs p.csv --first-vectors q.npy", "evaluate --queries q.npy --corpus c.npy --exclude-self",
        "evaluate --queries q.npy --corpus c.npy --format csv", "distill", "distill --output d --dims 0",
        "distill --output d --text-field x",
        "distill --output q.npy",
    ]) func `wrong use is said`(line: String) throws {
        let run = try simile(line)
        #expect(run.status == 2 && !run.errors.isEmpty, "\(line): \(run.status) \(run.errors)")
    }

    @Test func `the static model needs no download, and stands in for the default one`() throws {
        let none = ["XDG_CACHE_HOME": folder.path]
        let run = try folder.run(
            executable: CommandRun.binary,
            ["matrix", "AI Model Hub", "Michael Jackson", "best-selling music artists"],
            environment: none
        )
        #expect(run.status == 0 && run.lines.count == 3, "\(run.errors)")
        #expect(
            run.errors.split(separator: "\n").count == 1 && run.errors.contains("scripts/fetch-model"),
            "\(run.errors)"
        )
        let asked = try folder.run(
            executable: CommandRun.binary,
            ["matrix", "a", "b", "--model", "static"],
            environment: none
        )
        #expect(asked.status == 0 && asked.errors.isEmpty, "\(asked.errors)")
        try folder.write("t.txt", "a text\n")
        #expect(try simile("embed --input t.txt --output t.npy --quiet", environment: none).status == 0)
        #expect(try folder.text("t.npy.run.json").contains("\"model\": \"static\""))
    }

    @Test func `a copied executable finds what was copied with it, or says what is missing`() throws {
        let manager = FileManager.default
        try manager.copyItem(atPath: CommandRun.binary, toPath: "\(folder.path)/simile")
        let none = ["XDG_CACHE_HOME": folder.path]
        let alone = try folder.run(executable: "\(folder.path)/simile", ["matrix", "a", "b"], environment: none)
        #expect(alone.status == 3 && alone.errors.contains("scripts/fetch-model"), "\(alone.errors)")
        let asked = try folder.run(
            executable: "\(folder.path)/simile",
            ["matrix", "a", "b", "--model", "static"],
            environment: none
        )
        #expect(asked.status == 3 && asked.errors.contains("simile_CStaticModel.resources"), "\(asked.errors)")
        // The folder of the cache, then the one beside the executable.
        let files =
            URL(fileURLWithPath: CommandRun.binary).deletingLastPathComponent().path + "/simile_CStaticModel.resources"
        try manager.createDirectory(atPath: "\(folder.path)/cache/simile", withIntermediateDirectories: true)
        try manager.copyItem(atPath: files, toPath: "\(folder.path)/cache/simile/models")
        for environment in [["XDG_CACHE_HOME": "\(folder.path)/cache"], none] {
            let found = try folder.run(
                executable: "\(folder.path)/simile",
                ["matrix", "a", "b"],
                environment: environment
            )
            #expect(found.status == 0 && found.lines.count == 2, "\(found.errors)")
            try? manager.copyItem(atPath: files, toPath: "\(folder.path)/simile_CStaticModel.resources")
        }
    }
}
