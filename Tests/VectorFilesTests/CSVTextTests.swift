// SPDX-License-Identifier: Apache-2.0
//
// Texts in `.csv`: RFC 4180 by cases that are written out, with the line on which each record begins; random tables that are written with
// quotes and read back; broken files, which are refused with their line; bytes drawn at random, which never do harm.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct CSVTextTests {
    private static let cases: [(String, String, [String], [Int])] = [
        ("LF", "text\na\nb\n", ["a", "b"], [2, 3]), ("no final LF", "text\na\nb", ["a", "b"], [2, 3]),
        ("CRLF", "text\r\na\r\nb\r\n", ["a", "b"], [2, 3]),
        ("another column", "n,text\n1,a\n2,b\n", ["a", "b"], [2, 3]),
        ("quotes", "text,n\n\"a, b\",1\n\"say \"\"hi\"\"\",2\n", ["a, b", "say \"hi\""], [2, 3]),
        ("lines in a field", "n,text\r\n1,\"a\r\nb\nc\"\r\n2,d\r\n", ["a\r\nb\nc", "d"], [2, 5]),
        ("quoted names", "\"text\",\"a \"\"b\"\"\"\nx,y\n", ["x"], [2]),
        ("empty fields", "text,n\n,1\n\"\",2\n", ["", ""], [2, 3]),
        ("an empty line between", "text,n\na,1\n\nb,2\n", ["a", "b"], [2, 4]),
        ("an empty line of one column", "text\na\n\nb\n", ["a", "", "b"], [2, 3, 4]),
        ("a final comma", "n,text\n1,\n", [""], [2]), ("a final comma at the end", "n,text\n1,", [""], [2]),
        ("names alone", "text,n\n", [], []), ("a mark", "\u{FEFF}text\na\n", ["a"], [2]),
        ("a CR inside", "text\na\rb\n", ["a\rb"], [2]), ("spaces stay", "text,n\n a , 1\n", [" a "], [2]),
        ("quoted at the end", "text\n\"a\"", ["a"], [2]),
        ("quoted, CRLF", "text\r\n\"a\"\r\n\"b\"\r\n", ["a", "b"], [2, 3]),
    ]

    @Test(arguments: cases.indices) func `records become rows by the rules`(index: Int) throws {
        let (name, text, expected, lines) = Self.cases[index]
        try withFolder { folder in
            let path = folder + "/t.csv"
            try TestFiles.write(Array(text.utf8), to: path)
            let file = try TextFile.read(path)
            #expect(
                file.texts == expected && file.lines == lines && file.ids == nil,
                "\(name): \(file.texts) \(file.lines)"
            )
        }
    }

    @Test func `columns are found by name, and ids are strings`() throws {
        try withFolder { folder in
            let path = folder + "/t.csv"
            try TestFiles.write(Array("id,body,key\n007,a,x\n8,b,y\n".utf8), to: path)
            #expect(try TextFile.read(path, fields: .init(text: "body")).ids == [.string("007"), .string("8")])
            let other = try TextFile.read(path, fields: .init(text: "body", id: "key"))
            #expect(other.texts == ["a", "b"] && other.ids == [.string("x"), .string("y")])
            expectError(
                .refused,
                path: path,
                place: "line 1",
                saying: "expected a column \"text\", found \"id\", \"body\""
            ) {
                _ = try TextFile.read(path)
            }
            expectError(.refused, path: path, place: "line 1", saying: "a column \"no\"") {
                _ = try TextFile.read(path, fields: .init(text: "body", id: "no"))
            }
        }
    }

    private static let broken: [(String, [UInt8], String, String)] = [
        ("too few", Array("text,n\na,1\nb\n".utf8), "line 3", "expected 2 fields as in line 1, found 1"),
        ("too many", Array("text\na,1\n".utf8), "line 2", "found 2"),
        ("no end", Array("text\n\"a\nb\n".utf8), "line 2", "the quote that ends a field"),
        ("more after quotes", Array("text\n\"a\"b\n".utf8), "line 2", "after a quoted field"),
        ("a quote inside", Array("text\na\"b\n".utf8), "line 2", "quotes around the whole field"),
        ("two of a name", Array("text,text\na,b\n".utf8), "line 1", "one column \"text\", found 2"),
        ("no UTF-8", Array("text\na\n".utf8) + [0xFF, 0x0A], "line 3", "UTF-8"),
        ("a zero byte", Array("text\na".utf8) + [0, 0x0A], "line 2", "UTF-16"),
        ("a CR after quotes", Array("text\n\"a\"\rb\n".utf8), "line 2", "after a quoted field"),
    ]

    @Test(arguments: broken.indices) func `broken files are refused with the line`(index: Int) throws {
        let (name, bytes, place, part) = Self.broken[index]
        try withFolder { folder in
            let path = folder + "/t.csv"
            try TestFiles.write(bytes, to: path)
            let error = expectError(.refused, path: path, saying: part) { _ = try TextFile.read(path) }
            #expect(error?.place == place, "\(name): \(error?.description ?? "")")
        }
    }

    @Test func `random tables are read back, and random bytes do no harm`() throws {
        var random = SplitMix64(seed: 11)
        let pieces = ["a", ",", "\"", "\n", "\r\n", "é", " ", "", "text", "🦆", "\r"]
        try withFolder { folder in
            let path = folder + "/t.csv"
            for round in 0..<TestSize.rounds(150, long: 5000) {
                let rows = (0..<random.below(6)).map { _ in
                    (0..<3).map { _ in (0..<random.below(5)).map { _ in pieces[random.below(pieces.count)] }.joined() }
                }
                let lines = rows.map { row in
                    row.map {
                        "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                            + "\""
                    }
                    .joined(separator: ",")
                }
                let end = random.below(2) == 0 ? "\n" : "\r\n"
                try TestFiles.write(Array((["a,text,b"] + lines).joined(separator: end).utf8), to: path)
                let file = try TextFile.read(path)
                #expect(
                    file.texts.map { Array($0.utf8) } == rows.map { Array($0[1].utf8) },
                    "round \(round): \(rows)"
                )
                let bytes = (0..<random.below(60)).map { _ in Array("text,\"\n\ra\u{FF}".utf8)[random.below(11)] }
                try TestFiles.write(Array("text\n".utf8) + bytes, to: path)
                do {
                    _ = try TextFile.read(path)
                } catch {
                    #expect((error as? VectorFileError)?.code == .refused)
                }
            }
        }
    }
}
