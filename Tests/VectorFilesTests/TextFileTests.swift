// SPDX-License-Identifier: Apache-2.0
//
// Text inputs: which bytes make which rows in `.txt`, and objects, fields, ids and line numbers in `.jsonl`. Expected
// values are written out; broken inputs must name the line, counted from 1 with empty lines.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct TextFileTests {
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private static let cases: [(String, [UInt8], [String])] = [
        ("LF", Array("a\nb\n".utf8), ["a", "b"]),
        ("no final LF", Array("a\nb".utf8), ["a", "b"]),
        ("CRLF", Array("a\r\nb\r\n".utf8), ["a", "b"]),
        ("only the CR before LF goes", Array("a\r\r\nb\rc\nd\r".utf8), ["a\r", "b\rc", "d\r"]),
        ("empty lines are rows", Array("\n\na\n\n".utf8), ["", "", "a", ""]),
        ("a lone LF", [0x0A], [""]),
        ("a lone CRLF", [0x0D, 0x0A], [""]),
        ("a lone CR", [0x0D], ["\r"]),
        ("BOM", mark + Array("a\nb".utf8), ["a", "b"]),
        ("BOM only", mark, []),
        ("BOM and LF", mark + [0x0A], [""]),
        ("a second BOM stays", mark + mark + Array("a".utf8), ["\u{FEFF}a"]),
        ("a BOM later stays", Array("a\n".utf8) + mark + Array("b".utf8), ["a", "\u{FEFF}b"]),
        ("part of a BOM is no UTF-8 but a", Array("ï»¿".utf8), ["ï»¿"]),
        ("other line ends stay", Array("a\u{85}b\u{2028}c\u{B}d\u{C}e".utf8), ["a\u{85}b\u{2028}c\u{B}d\u{C}e"]),
        ("combining marks", Array("n\u{303}\n\u{301}".utf8), ["n\u{303}", "\u{301}"]),
    ]

    @Test("bytes become rows by the rules", arguments: cases.indices)
    func rows(index: Int) throws {
        let (name, bytes, expected) = Self.cases[index]
        try withFolder { folder in
            let path = folder + "/t.txt"
            try TestFiles.write(bytes, to: path)
            let file = try TextFile.read(path)
            // By bytes: Swift's == takes canonically equivalent strings for equal.
            #expect(file.texts.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(name): \(file.texts)")
            #expect(file.ids == nil && file.lines == Array(1..<(expected.count + 1)))
        }
    }

    @Test(
        "text that is not UTF-8 is refused with its line",
        arguments: [
            ([0x61, 0x0A, 0xFF, 0x0A], 2), ([0xC3], 1), ([0x61, 0x0A, 0x62, 0xC3, 0x0A, 0xA9], 2),
            ([0xED, 0xA0, 0x80], 1), ([0xC0, 0x80], 1),
            ([0x0A, 0x0A, 0xF5, 0x80, 0x80, 0x80], 3), ([0x61, 0x00], 1),
        ] as [([UInt8], Int)]
    )
    func encoding(bytes: [UInt8], line: Int) throws {
        try withFolder { folder in
            for ending in ["txt", "jsonl"] {
                let path = folder + "/t." + ending
                try TestFiles.write(bytes, to: path)
                if ending == "jsonl", line > 1, bytes[0] != 0x0A { continue }  // its first line is no object
                expectError(.refused, path: path, place: "line \(line)", saying: "UTF-8") {
                    _ = try TextFile.read(path)
                }
            }
        }
    }

    @Test("a file of zero bytes is refused", arguments: ["txt", "jsonl"])
    func noBytes(ending: String) throws {
        try withFolder { folder in
            let path = folder + "/t." + ending
            try TestFiles.write([], to: path)
            expectError(.refused, path: path, saying: "no bytes") { _ = try TextFile.read(path) }
        }
    }

    @Test("blank texts are rows, and are found")
    func blank() throws {
        try withFolder { folder in
            let path = folder + "/t.txt"
            try TestFiles.write(Array("a\n \t\n\n\u{3000}\u{A0}\n.\n\u{200B}".utf8), to: path)
            #expect(try TextFile.read(path).blankRows == [1, 2, 3, 5])
        }
    }
}

@Suite struct JSONLinesTests {
    private static func read(_ text: String, fields: TextFile.Fields = .init(), _ check: (TextFile) throws -> Void)
        throws
    {
        try withFolder { folder in
            let path = folder + "/t.jsonl"
            try TestFiles.write(Array(text.utf8), to: path)
            try check(try TextFile.read(path, fields: fields))
        }
    }

    private static func expectRefused(
        _ text: String,
        fields: TextFile.Fields = .init(),
        line: Int,
        saying part: String = ""
    ) throws {
        try withFolder { folder in
            let path = folder + "/t.jsonl"
            try TestFiles.write(Array(text.utf8), to: path)
            expectError(.refused, path: path, place: "line \(line)", saying: part) {
                _ = try TextFile.read(path, fields: fields)
            }
        }
    }

    @Test("empty lines are skipped but counted")
    func emptyLines() throws {
        try Self.read("\n{\"text\":\"a\"}\r\n \t\n\n{\"text\":\"b\",\"x\":[1,{}]}") { file in
            #expect(file.texts == ["a", "b"] && file.lines == [2, 5] && file.ids == nil)
        }
        try Self.read("\u{FEFF}{\"text\":\"\\u00e9\\n\\ud83d\\ude00\"}\n") { #expect($0.texts == ["é\n😀"]) }
        try Self.read("\n\n") { #expect($0.texts == [] && $0.ids == nil) }
        try Self.expectRefused("\n{\"text\":\"a\"}\n\nbroken\n", line: 4, saying: "JSON")
    }

    @Test(
        "lines that are no objects, or lack the text, are refused with their number",
        arguments: [
            "{", "}", "[]", "\"a\"", "1", "null", "nul", "{\"text\":}", "{\"text\":\"a\"", "{\"text\":\"a\"}}",
            "{\"text\":\"a\"}{\"text\":\"b\"}",
            "{\"text\":1}", "{\"text\":null}", "{\"text\":[\"a\"]}", "{\"text\":{}}", "{}", "{\"Text\":\"a\"}",
            "{\"text\":\"\\ud800\"}", "{'text':'a'}",
        ]
    )
    func refused(line: String) throws {
        try Self.expectRefused("{\"text\":\"ok\"}\n\n" + line + "\n{\"text\":\"ok\"}\n", line: 3)
    }

    @Test("deep nesting is refused or read, not fatal")
    func nesting() throws {
        let deep = String(repeating: "[", count: 100_000)
        try Self.expectRefused("{\"text\":\"a\",\"x\":" + deep, line: 1)
    }

    @Test("ids are integers or strings, and all rows have one if the first has")
    func ids() throws {
        try Self.read(
            "{\"id\":7,\"text\":\"a\"}\n{\"text\":\"b\",\"id\":\"x\"}\n{\"text\":\"c\",\"id\":-9223372036854775808}"
        ) { file in
            #expect(file.ids == [.integer(7), .string("x"), .integer(.min)])
        }
        try Self.read("{\"text\":\"a\"}\n{\"text\":\"b\",\"id\":2}") { #expect($0.ids == nil) }
        try Self.read("{\"text\":\"a\",\"id\":\"\"}\n{\"text\":\"b\",\"id\":\"7\"}") {
            #expect($0.ids == [.string(""), .string("7")])
        }
        try Self.expectRefused("{\"id\":7,\"text\":\"a\"}\n{\"text\":\"b\"}", line: 2, saying: "\"id\"")
        for bad in ["null", "1.5", "true", "[1]", "{}", "18446744073709551616", "-9223372036854775809", "NaN", "1e30"] {
            try Self.expectRefused(
                "{\"id\":1,\"text\":\"a\"}\n{\"id\":\(bad),\"text\":\"b\"}",
                line: 2,
                saying: "\"id\""
            )
        }
    }

    @Test("fields can be named otherwise")
    func fields() throws {
        let text = "{\"k\":\"x\",\"body\":\"a\",\"text\":1}\n{\"body\":\"b\",\"k\":2}"
        try Self.read(text, fields: .init(text: "body", id: "k")) {
            #expect($0.texts == ["a", "b"] && $0.ids == [.string("x"), .integer(2)])
        }
        try Self.expectRefused("{\"text\":\"a\"}", fields: .init(id: "k"), line: 1, saying: "\"k\"")
        try Self.expectRefused("{\"text\":\"a\"}", fields: .init(text: "body"), line: 1, saying: "\"body\"")
    }

    @Test("the first object tells vectors from texts")
    func holdsVectors() throws {
        try withFolder { folder in
            let path = folder + "/t.jsonl"
            for (text, expected) in [
                ("\n{\"embedding\":[1,2]}\nbroken", true), ("{\"embedding\":\"x\"}", false),
                ("{\"text\":\"x\"}", false), ("\n", false), ("{\"embedding\":{}}", false),
            ] {
                try TestFiles.write(Array(text.utf8), to: path)
                #expect(try TextFile.holdsVectors(path, field: "embedding") == expected, "\(text)")
            }
        }
    }
}
