// SPDX-License-Identifier: Apache-2.0
//
// Malformed `.npy` files: each is refused with an error that names the file and the place, and none ends the process.
// First a table, each entry with what the message must say; then every prefix of a good file, and good files with random
// bytes changed, which must be read or refused, nothing else.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct NumpyRefusalTests {
    private static let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

    private static func shaped(_ shape: String, _ descriptor: String = "<f4", order: String = "False") -> [UInt8] {
        TestFiles.npy(
            "{'descr': '\(descriptor)', 'fortran_order': \(order), 'shape': \(shape), }",
            data: [UInt8](repeating: 0, count: 64)
        )
    }

    /// What is wrong, the bytes, the place, a part of the message.
    private static let table: [(String, [UInt8], String?, String)] = [
        ("no bytes", [], nil, "no bytes"),
        ("truncated magic", [0x93, 0x4E], "header", "10 bytes"),
        ("other magic", Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 60), "header", "magic"),
        ("text", Array("hello world, this is text".utf8), "header", "magic"),
        ("version 0", TestFiles.npy(good, version: 0), "header", "version"),
        ("version 4", TestFiles.npy(good, version: 4), "header", "version"),
        ("version 255", TestFiles.npy(good, version: 255), "header", "version"),
        ("version 2 without its length", [0x93] + Array("NUMPY".utf8) + [2, 0, 1, 0], "header", "12"),
        ("no header text", TestFiles.npy(""), "header", "dictionary"),
        ("length beyond the file", TestFiles.npy(good, length: 4000), "header", "truncated"),
        ("length into the text", TestFiles.npy(good, length: 30), "header", "dictionary"),
        ("length of 4 GiB", TestFiles.npy(good, version: 2, length: 0xFFFF_FFFF), "header", "length"),
        ("no data", TestFiles.npy(good), "data", "24 bytes, found 0"),
        (
            "one byte of data missing", TestFiles.npy(good, data: [UInt8](repeating: 0, count: 23)), "data",
            "24 bytes, found 23"
        ),
        ("rows beyond the data", shaped("(1000000, 3)"), "data", "truncated"),
        ("shape overflows in rows", shaped("(9223372036854775807, 3)"), "header", "larger"),
        ("shape overflows in columns", shaped("(3, 9223372036854775807)"), "header", "at most"),
        ("shape overflows by the component", shaped("(1, 4611686018427387904)"), "header", "at most"),
        ("shape overflows with its offset", shaped("(2305843009213693951, 1)"), "data", "truncated"),
        ("extent over 64 bits", shaped("(9223372036854775808, 3)"), "header", ""),
        ("extent of a hundred digits", shaped("(" + String(repeating: "9", count: 100) + ", 3)"), "header", ""),
        ("negative extent", shaped("(-2, 3)"), "header", ""),
        ("fraction as extent", shaped("(2.0, 3)"), "header", ""),
        ("exponent as extent", shaped("(2e0, 3)"), "header", ""),
        ("string as extent", shaped("('2', 3)"), "header", "whole numbers"),
        ("tuple as extent", shaped("((2, 3), 3)"), "header", "whole numbers"),
        ("list as shape", shaped("[2, 3]"), "header", "tuple"),
        ("number as shape", shaped("6"), "header", "tuple"),
        ("shape without commas", shaped("(2 3)"), "header", ""),
        ("shape with two commas", shaped("(2,, 3)"), "header", ""),
        ("shape of a comma", shaped("(,)"), "header", ""),
        ("unclosed shape", shaped("(2, 3"), "header", ""),
        ("0-d", shaped("()"), "header", "two dimensions"),
        ("1-d", shaped("(6,)"), "header", "two dimensions"),
        ("3-d", shaped("(1, 2, 3)"), "header", "two dimensions"),
        ("d = 0", shaped("(3, 0)"), "header", "at least one component"),
        ("Fortran order", shaped("(2, 3)", order: "True"), "header", "Fortran"),
        ("order as a number", shaped("(2, 3)", order: "0"), "header", "fortran_order"),
        ("order in lower case", shaped("(2, 3)", order: "false"), "header", ""),
        ("order with a tail", shaped("(2, 3)", order: "Falsehood"), "header", ""),
        ("big-endian", shaped("(2, 3)", ">f4"), "header", "big-endian"),
        ("integers", shaped("(2, 3)", "<i4"), "header", "'<i4'"),
        ("long doubles", shaped("(2, 3)", "<f16"), "header", "'<f16'"),
        ("objects", shaped("(2, 3)", "|O"), "header", "'|O'"),
        ("no type", shaped("(2, 3)", ""), "header", "type"),
        ("a type without its order", shaped("(2, 3)", "f4"), "header", "'f4'"),
        (
            "structured", TestFiles.npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }"), "header",
            "structured"
        ),
        ("missing key", TestFiles.npy("{'descr': '<f4', 'shape': (2, 3), }"), "header", "keys"),
        (
            "extra key", TestFiles.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}"), "header",
            "keys"
        ),
        (
            "doubled key", TestFiles.npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}"),
            "header", "keys"
        ),
        ("number as key", TestFiles.npy("{1: '<f4'}"), "header", ""),
        ("two dictionaries", TestFiles.npy(good + good), "header", ""),
        ("a tail", TestFiles.npy(good + " # comment"), "header", ""),
        ("a call", TestFiles.npy("__import__('os').system('true')"), "header", "dictionary"),
        ("an escape", TestFiles.npy("{'descr': '<f\\x34', 'fortran_order': False, 'shape': (2, 3)}"), "header", ""),
        ("an unclosed string", TestFiles.npy("{'descr"), "header", ""),
        ("only a brace", TestFiles.npy("{"), "header", ""),
        ("a thousand brackets", TestFiles.npy(String(repeating: "[", count: 1000)), "header", ""),
        ("sixty thousand braces", TestFiles.npy(String(repeating: "{'a':", count: 12_000)), "header", ""),
        ("NULs", TestFiles.npy(String(repeating: "\0", count: 118)), "header", ""),
    ]

    @Test("each is refused, with the file, the place and the reason", arguments: table.indices)
    func refused(index: Int) throws {
        let (name, bytes, place, part) = Self.table[index]
        try withFolder { folder in
            let path = folder + "/v.npy"
            try TestFiles.write(bytes, to: path)
            let error = expectError(.refused, path: path, saying: part) { _ = try VectorFile.read(path) }
            #expect(error?.place == place, "\(name): \(error?.description ?? "no error")")
        }
    }

    @Test(
        "arrays of NumPy that are no vectors are refused",
        arguments: [
            "fortran", "big", "structured", "flat", "cube", "scalar", "int64", "complex", "unicode", "object",
            "nocolumns",
        ]
    )
    func numpy(name: String) throws {
        let path = try TestFiles.fixture(name + ".npy")
        expectError(.refused, path: path, place: "header") { _ = try VectorFile.read(path) }
    }

    @Test("every prefix of a file is refused")
    func prefixes() throws {
        let whole = try TestFiles.bytes(TestFiles.fixture("version3.npy"))
        try withFolder { folder in
            let path = folder + "/v.npy"
            for count in whole.indices {
                try TestFiles.write(Array(whole[..<count]), to: path)
                expectError(.refused, path: path) { _ = try VectorFile.read(path) }
            }
        }
    }

    @Test("files with random bytes changed are read or refused", arguments: 0..<4)
    func mutated(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let whole = try TestFiles.bytes(
            TestFiles.fixture(["version1.npy", "version2.npy", "version3.npy", "f2.npy"][seed])
        )
        try withFolder { folder in
            let path = folder + "/v.npy"
            for _ in 0..<1500 {
                var bytes = whole
                for _ in 0...random.below(3) {
                    let place = random.below(80)
                    let digits = Array("0123456789(),'{}: LTFu-".utf8)
                    bytes[place] = random.below(2) == 0 ? UInt8(random.below(256)) : digits[random.below(digits.count)]
                }
                try TestFiles.write(bytes, to: path)
                do {
                    let matrix = try VectorFile.read(path)
                    #expect(matrix.dimension >= 1)
                    if matrix.rowCount > 0 { _ = matrix[matrix.rowCount - 1] }
                } catch let error as VectorFileError {
                    #expect(error.path == path && error.code == .refused)
                }
            }
        }
    }

    @Test("missing files, folders and unknown endings are told apart")
    func paths() throws {
        try withFolder { folder in
            expectError(.refused, path: folder + "/none.npy", saying: "No such file") {
                _ = try VectorFile.read(folder + "/none.npy")
            }
            expectError(.unknownFormat, path: folder + "/v.xyz", saying: ".npy") {
                _ = try VectorFile.read(folder + "/v.xyz")
            }
            expectError(.unknownFormat, path: folder, saying: ".npy") { _ = try VectorFile.read(folder) }
            expectError(.unknownFormat, path: folder + "/v.txt", saying: ".txt") {
                _ = try VectorFile.read(folder + "/v.txt")
            }
            expectError(.refused, path: "/dev/null/v.npy") { _ = try VectorFile.read("/dev/null/v.npy") }
        }
    }
}
