// SPDX-License-Identifier: Apache-2.0

// Bad input from outside: each file is refused with exit code 3, a message that names it and the place, and no output.
// Wrong usage is 2, an output that cannot be written 1; an interrupted run ends with 130 and leaves nothing.

import Foundation
import Testing

@Suite struct BadInputTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("good.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
    }

    struct BadFile: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]?
        let says: String
        var testDescription: String { "\(name): \(says)" }

        init(_ name: String, _ bytes: [UInt8]?, says: String) {
            self.name = name
            self.bytes = bytes
            self.says = says
        }

        init(_ name: String, text: String, says: String) { self.init(name, Array(text.utf8), says: says) }
    }

    static let zeros = [UInt8](repeating: 0, count: 64)
    static let files: [BadFile] = [
        BadFile("missing.npy", nil, says: "No such file"),
        BadFile("empty.npy", [], says: "no bytes"),
        BadFile("short.npy", [0x93, 0x4E, 0x55], says: "header"),
        BadFile("magic.npy", text: "this is not a npy file at all", says: "magic"),
        BadFile("version.npy", NumpyBytes.file("<f4", "(1, 2)", version: 9, data: zeros), says: "version"),
        BadFile("header.npy", Array(NumpyBytes.file("<f4", "(1, 2)", data: []).prefix(30)), says: "truncated"),
        BadFile("data.npy", NumpyBytes.file("<f4", "(9, 2)", data: zeros), says: "needs 72 bytes, found 64"),
        BadFile("huge.npy", NumpyBytes.file("<f4", "(9223372036854775807, 2)", data: zeros), says: "larger than any"),
        BadFile("number.npy", NumpyBytes.file("<f4", "(99999999999999999999, 2)", data: zeros), says: "header"),
        BadFile(
            "wide.npy",
            NumpyBytes.file("<f4", "(2, 9223372036854775807)", data: zeros),
            says: "at most 4194304 components"
        ),
        BadFile("fortran.npy", NumpyBytes.file("<f4", "(2, 2)", order: "True", data: zeros), says: "Fortran"),
        BadFile("object.npy", NumpyBytes.file("|O", "(2, 2)", data: zeros), says: "'|O'"),
        BadFile("big.npy", NumpyBytes.file(">f4", "(2, 2)", data: zeros), says: "big-endian"),
        BadFile("int.npy", NumpyBytes.file("<i4", "(2, 2)", data: zeros), says: "'<i4'"),
        BadFile("one.npy", NumpyBytes.file("<f4", "(4,)", data: zeros), says: "(4,)"),
        BadFile("three.npy", NumpyBytes.file("<f4", "(2, 2, 2)", data: zeros), says: "(2, 2, 2)"),
        BadFile("none.npy", NumpyBytes.file("<f4", "(2, 0)", data: zeros), says: "at least one component"),
        BadFile("structured.npy", NumpyBytes.file("<f4', 'x': '", "(2, 2)", data: zeros), says: "header"),
        BadFile("change.fvecs", [1, 0, 0, 0] + zeros.prefix(4) + [2, 0, 0, 0] + zeros.prefix(8), says: "row 1"),
        BadFile("negative.fvecs", [255, 255, 255, 255] + zeros, says: "row 0"),
        BadFile("cut.fvecs", [2, 0, 0, 0] + zeros.prefix(5), says: "truncated"),
        BadFile("latin.txt", Array("fine\nalso fine\n".utf8) + [0x63, 0xE9, 0x0A], says: "line 3"),
        BadFile("blank.txt", text: "one\n \ntwo\n", says: "line 2"),
        BadFile("empty.txt", [], says: "no bytes"),
        BadFile("broken.jsonl", text: "{\"text\":\"a\"}\n\n{\"text\":\n", says: "line 3"),
        BadFile("field.jsonl", text: "{\"text\":\"a\"}\n{\"words\":\"b\"}\n", says: "line 2"),
        BadFile("number.jsonl", text: "{\"text\":5}\n", says: "line 1"),
        BadFile("array.jsonl", text: "[1,2]\n", says: "line 1"),
        BadFile("id.jsonl", text: "{\"id\":1,\"text\":\"a\"}\n{\"text\":\"b\"}\n", says: "line 2"),
        BadFile("nan.npy", NumpyBytes.floats([[1, 2], [.nan, 0]]), says: "1 invalid row (1"),
        BadFile("dims.npy", NumpyBytes.floats([[1, 2, 3]]), says: "different dimensions"),
    ]

    @Test(arguments: files) func `is refused by name and place, with nothing written`(file: BadFile) throws {
        if let bytes = file.bytes { try folder.write(file.name, bytes) }
        let before = try folder.files()
        for sides in [[file.name, "good.npy"], ["good.npy", file.name]] {
            let run = try folder.run(
                executable: CommandRun.binary,
                ["search", "--queries", sides[0], "--corpus", sides[1], "--output", "r.jsonl"],
                environment: [:]
            )
            #expect(run.status == 3, "\(run.errors)")
            #expect(run.errors.contains(file.name) && run.errors.contains(file.says), "\(run.errors)")
            #expect(run.output.isEmpty)
        }
        #expect(try folder.files() == before)
    }

    @Test func `a missing model says which command fetches it`() throws {
        try folder.write("t.txt", "a text\n")
        let run = try folder.run(
            "embed",
            "--input",
            "t.txt",
            "--model",
            "all-MiniLM-L6-v2",
            environment: ["XDG_CACHE_HOME": folder.path]
        )
        #expect(run.status == 3)
        #expect(run.errors.contains("scripts/fetch-model"))
    }

    @Test(arguments: [
        ["bogus"], ["search"], ["search", "--queries", "good.npy"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "-k", "0"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "-k", "-1"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--threads", "-2"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--threads", "0"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--engine", "fast"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--metric", "l1"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--model", "hub:"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--dimensions", "7"],
        ["embed", "--input", "t.txt", "--model", "hub:x", "--hub-batch", "2049"],
        ["embed", "--input", "t.txt", "--model", "hub:x", "--hub-rate", "-1"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--output", "r.xyz"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--output", "r"],
        ["search", "--queries", "good.npy", "--corpus", "good.npy", "--output", "good.npy"],
        ["convert", "--input", "good.npy"], ["convert", "--input", "t.txt", "--output", "v.npy"],
        ["convert", "--input", "good.npy", "--output", "good.npy"],
        ["convert", "--input", "good.npy", "--output", "v.simile"],
        ["convert", "--input", "good.npy", "--output", "v.safetensors#x"], ["embed", "--input", "t.tsv"],
        ["embed", "--input", "good.npy"], ["embed", "--input", "v.jsonl"], ["embed", "--input", "v.unknown"],
        ["matrix"], ["matrix", "a", "--input", "good.npy"], ["info", "a", "b"], ["info", "x.txt"],
        ["bench", "search"], ["bench", "search", "--random", "12"], ["join", "--left", "good.npy"],
    ])
    func `is wrong usage`(arguments: [String]) throws {
        try folder.write("v.jsonl", "{\"embedding\":[1,2]}\n")
        let run = try folder.run(executable: CommandRun.binary, arguments, environment: [:])
        #expect(run.status == 2, "\(run.errors)")
        #expect(!run.errors.isEmpty && run.output.isEmpty)
    }

    @Test(arguments: [["--help"], ["--version"], ["search", "--help"], ["help", "join"]])
    func `help and version are no errors`(arguments: [String]) throws {
        let run = try folder.run(executable: CommandRun.binary, arguments, environment: [:])
        #expect(run.status == 0 && run.errors.isEmpty && !run.output.isEmpty)
    }

    @Test(arguments: ["good.npy/r.jsonl", "no/such/folder/r.csv", "folder.npy", "folder.csv"])
    func `an output that cannot be written is a failure`(output: String) throws {
        for name in ["folder.csv", "folder.rows.npy"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)",
                withIntermediateDirectories: false
            )
        }
        let before = try folder.files()
        let run = try folder.run("search", "--queries", "good.npy", "--corpus", "good.npy", "--output", output)
        #expect(run.status == 1, "\(run.errors)")
        #expect(try folder.files() == before)
    }

    @Test(arguments: ["r.jsonl", "r.csv", "r.npy"])
    func `a disk that is full is a failure without a partial file`(output: String) throws {
        try folder.write("many.npy", NumpyBytes.floats((0..<400).map { [Float($0), 1] }))
        let before = try folder.files()
        // The limit on a file's size stands in for the end of the disk: one block of 512 bytes.
        let run = try folder.shell(
            "ulimit -f 1; exec \"$SIMILE\" search --queries many.npy --corpus many.npy --output \(output)"
        )
        #expect(run.status == 1, "\(run.errors)")
        #expect(run.errors.contains("cannot write"))
        #expect(try folder.files() == before)
        #expect(try folder.shell("\"$SIMILE\" info many.npy >/dev/full").status == 1)
    }

    @Test(arguments: ["INT", "TERM"]) func `an interrupted run leaves nothing behind`(signal: String) throws {
        try folder.write(
            "big.npy",
            NumpyBytes.floats((0..<20_000).map { row in (0..<64).map { Float((row * 7 + $0 * 13) % 101) } })
        )
        let before = try folder.files()
        // The reference engine would take minutes; the signal comes when the temporary file is there.
        let run = try folder.shell(
            """
            "$SIMILE" search --queries big.npy --corpus big.npy --engine reference --output r.jsonl & pid=$!
            while ! ls .r.jsonl.*.tmp >/dev/null 2>&1; do kill -0 $pid || exit 99; done
            kill -\(signal) $pid; wait $pid
            """
        )
        #expect(run.status == 130, "\(run.errors)")
        #expect(try folder.files() == before)
    }
}
