// SPDX-License-Identifier: Apache-2.0
//
// `simile convert`: vectors through every format and back to the same bytes, ids with them; what it refuses; and searches that find
// the same in every format.

import Foundation
import Testing

@Suite struct ConvertCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        let rows = (0..<300).map { row in (0..<20).map { Float((row * 37 + $0 * 11) % 100) } }
        try folder.write("v.npy", NumpyBytes.floats(rows))
    }

    private func run(_ arguments: String...) throws -> CommandRun {
        try folder.run(executable: CommandRun.binary, arguments, environment: [:])
    }

    /// What stands behind the header, which other programs may make longer.
    private func vectors(_ name: String) throws -> [UInt8] { try Array(folder.bytes(name).suffix(300 * 20 * 4)) }

    @Test func `every format leads back to the same vectors, and finds the same`() throws {
        let original = try vectors("v.npy")
        let search = ["search", "--queries", "v.npy", "-k", "5", "--format", "csv", "--corpus"]
        let expected = try folder.run(executable: CommandRun.binary, search + ["v.npy"], environment: [:]).output
        #expect(expected.split(separator: "\n").count == 1501)
        for format in ["fvecs", "bvecs", "ivecs", "fbin", "f16bin", "u8bin", "i8bin", "safetensors", "jsonl"] {
            let there = try run("convert", "--input", "v.npy", "--output", "w.\(format)")
            #expect(there.status == 0 && there.errors.contains("300 rows, 20 dimensions"), "\(there.errors)")
            let found = try folder.run(executable: CommandRun.binary, search + ["w.\(format)"], environment: [:])
            #expect(found.output == expected, "\(format): \(found.errors)")
            #expect(try run("convert", "--input", "w.\(format)", "--output", "b.npy", "--quiet").status == 0)
            #expect(try vectors("b.npy") == original, "\(format)")
        }
    }

    @Test func `vectors of lines are searched, and ids come from them`() throws {
        let lines = (0..<40).map { row in
            #"{"id":"x\#(row)","note":[1,{"a":null}],"vec":[\#((0..<5).map { "\(row * $0 % 7).25" }.joined(separator: ", "))]}"#
        }
        try folder.write("l.jsonl", lines.joined(separator: "\n\n"))
        let found = try run(
            "search",
            "--queries",
            "l.jsonl",
            "--corpus",
            "l.jsonl",
            "--vector-field",
            "vec",
            "-k",
            "1",
            "--metric",
            "euclidean",
            "--format",
            "csv"
        )
        #expect(found.status == 0 && found.lines[1] == "0,1,0,0.0,x0,x0", "\(found.output.prefix(200)) \(found.errors)")
        #expect(try run("convert", "--input", "l.jsonl", "--vector-field", "vec", "--output", "l.npy").status == 0)
        #expect(
            String(decoding: try folder.bytes("l.npy.ids.jsonl"), as: UTF8.self).contains(#"{"row":39,"id":"x39"}"#)
        )
        let printed = try run("convert", "--input", "l.npy", "--output", "-", "--quiet")
        #expect(
            printed.lines.count == 40 && printed.lines[1].hasPrefix(#"{"row":1,"id":"x1","embedding":[0.25,1.25,2.25"#)
        )
        #expect(try run("prepare", "--corpus", "l.jsonl", "--vector-field", "vec", "--output", "l.simile").status == 0)
        #expect(try run("search", "--queries", "l.npy", "--corpus", "l.simile", "-k", "1").lines.count == 40)
    }

    @Test func `rows come out of a prepared corpus`() throws {
        #expect(try run("prepare", "--corpus", "v.npy", "--output", "c.simile", "--embed-source").status == 0)
        #expect(try run("convert", "--input", "c.simile", "--output", "o.npy").status == 0)
        #expect(try vectors("o.npy") == vectors("v.npy"))
    }

    @Test func `what does not fit is refused with its place, and nothing is left`() throws {
        try folder.write("f.npy", NumpyBytes.floats([[1, 2], [3, 0.5]]))
        let run = try run("convert", "--input", "f.npy", "--output", "f.u8bin")
        #expect(
            run.status == 1 && run.errors.contains("f.u8bin: row 1, component 1: expected an integer from 0 to 255")
        )
        #expect(throws: (any Error).self) { try folder.bytes("f.u8bin") }
    }
}
