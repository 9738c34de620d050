// SPDX-License-Identifier: Apache-2.0
//
// Compressed inputs: gzip of one member and of several, zstd frames that are written out by hand, streams that are told by their first
// bytes, and what is cut or damaged.

#if Compression
import CDecompression
import Foundation
import Testing

@Suite struct CompressionTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write(
            "v.jsonl",
            (0..<200).map { #"{"id":\#($0),"embedding":[1,\#($0),\#($0 % 7)]}"# }.joined(separator: "\n")
        )
    }

    /// A zstd frame of one block that is stored as it is, by RFC 8878.
    private static func frame(_ text: String) -> [UInt8] {
        let content = Array(text.utf8)
        let block = content.count << 3 | 1
        return [0x28, 0xB5, 0x2F, 0xFD, 0x20, UInt8(content.count)]
            + (0..<3).map { UInt8(truncatingIfNeeded: block >> (8 * $0)) } + content
    }

    private func search(_ corpus: String) throws -> CommandRun {
        try folder.run("search", "--queries", corpus, "--corpus", "v.jsonl", "-k", "2", "--format", "csv")
    }

    @Test func `compressed files are read as what is in them`() throws {
        let expected = try search("v.jsonl").output
        #expect(expected.split(separator: "\n").count == 401)
        #expect(
            try folder.shell(
                "gzip -k v.jsonl; head -c 900 v.jsonl | gzip >m.jsonl.gz; tail -c +901 v.jsonl | gzip >>m.jsonl.gz"
            ).status == 0
        )
        for name in ["v.jsonl.gz", "m.jsonl.gz"] {
            let found = try search(name)
            #expect(found.output == expected && found.status == 0, "\(name): \(found.errors)")
        }
        // The name is not needed where the first bytes tell.
        let piped = try folder.shell(
            "cat v.jsonl.gz | \"$SIMILE\" search --queries - --corpus v.jsonl -k 2 --format csv"
        )
        #expect(piped.output == expected, "\(piped.errors)")
        try folder.write("z.jsonl.zst", Self.frame("{\"embedding\":[1,2]}\n") + Self.frame("{\"embedding\":[3,4]}\n"))
        let info = try folder.run("info", "z.jsonl.zst", "--format", "json")
        #expect(info.output.contains(#""rows":2,"dimension":2"#), "\(info.output) \(info.errors)")
        #expect(try folder.run("convert", "--input", "v.jsonl.gz", "--output", "v.npy").status == 0)
    }

    @Test func `no more is written than there is room for`() throws {
        try folder.write("z.zst", Self.frame(String(repeating: "a", count: 100)) + Self.frame("bcd"))
        #expect(try folder.shell("head -c 5000 /dev/zero | gzip >z.gz").status == 0)
        for (name, size, expand) in [("z.gz", 5000, simile_expand_gzip), ("z.zst", 103, simile_expand_zstd)] {
            for (room, expected) in [(size, simile_expanded), (size - 1, simile_too_large)] {
                let target = folder.path + "/\(name).\(room)"
                let (source, copy) = unsafe (
                    open("\(folder.path)/\(name)", O_RDONLY), open(target, O_WRONLY | O_CREAT, 0o600)
                )
                defer { for file in [source, copy] { close(file) } }
                #expect(expand(source, copy, Int64(room), { 1 }) == expected)
                #expect(try folder.bytes("\(name).\(room)").count <= room)
            }
        }
    }

    @Test func `what is cut or damaged is refused by the name that was given`() throws {
        #expect(try folder.shell("gzip -k v.jsonl").status == 0)
        let whole = try folder.bytes("v.jsonl.gz")
        var wrongSum = whole
        wrongSum[whole.count - 6] ^= 1
        let frame = Self.frame("{\"embedding\":[1,2]}\n")
        let cases: [(String, [UInt8], String)] = [
            ("cut.jsonl.gz", Array(whole.dropLast(20)), "too soon"), ("sum.jsonl.gz", wrongSum, "checksum"),
            ("none.jsonl.gz", Array("text".utf8), "bytes that are none"),
            ("more.jsonl.gz", whole + [1, 2, 3], "bytes that are none"),
            ("empty.jsonl.gz", [], "too soon"), ("cut.jsonl.zst", Array(frame.dropLast(3)), "too soon"),
            ("none.jsonl.zst", Array("text, and more of it".utf8), "bytes that are none"),
            ("empty.jsonl.zst", [], "too soon"),
        ]
        for (name, bytes, part) in cases {
            try folder.write(name, bytes)
            let found = try search(name)
            #expect(
                found.status == 3 && found.errors.contains("\(name): expected a whole") && found.errors.contains(part),
                "\(found.errors)"
            )
        }
        #expect(try folder.run("search", "--queries", "no.jsonl.gz", "--corpus", "v.jsonl").status == 3)
    }
}
#endif
