// SPDX-License-Identifier: Apache-2.0
//
// The formats of the table: each layout written out by hand and read, written and compared byte for byte, and carried to every other
// format and back; headers that lie; components that a format cannot hold; every half.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct VectorFormatTests {
    /// Small integers, which every format holds.
    private static let rows: [[Float]] = [[1, 2, 3], [100, 0, 127]]

    private static func int32(_ value: Int) -> [UInt8] { TestFiles.bytes(of: Int32(value)) }

    /// The bytes of the rows, by the description of the format.
    private static func bytes(_ format: String) -> [UInt8] {
        let counts = int32(2) + int32(3)
        let bytes = rows.map { $0.map { UInt8($0) } }
        let halves: [[UInt16]] = [[0x3C00, 0x4000, 0x4200], [0x5640, 0, 0x57F0]]
        return switch format {
        case "fvecs": rows.flatMap { int32(3) + TestFiles.bytes(of: $0) }
        case "bvecs": bytes.flatMap { int32(3) + $0 }
        case "ivecs": rows.flatMap { int32(3) + $0.flatMap { int32(Int($0)) } }
        case "fbin": counts + rows.flatMap { TestFiles.bytes(of: $0) }
        case "f16bin": counts + halves.joined().flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        default: counts + bytes.joined()
        }
    }

    private static let formats = ["fvecs", "bvecs", "ivecs", "fbin", "f16bin", "u8bin", "i8bin"]

    @Test(arguments: formats) func `a layout by hand is read, and written again`(format: String) throws {
        try withFolder { folder in
            let path = "\(folder)/v.\(format)"
            try TestFiles.write(Self.bytes(format), to: path)
            let matrix = try VectorFile.read(path)
            #expect((0..<matrix.rowCount).map { matrix[$0] } == Self.rows)
            try VectorFile.write(matrix, to: "\(folder)/w.\(format)")
            #expect(try TestFiles.bytes("\(folder)/w.\(format)") == Self.bytes(format))
            // To every other format and back, with ids.
            let named = VectorMatrix(rows: Self.rows, ids: [.string("a"), .string("b")])
            for other in Self.formats + ["npy", "safetensors"] {
                try VectorFile.write(named, to: "\(folder)/x.\(other)")
                let carried = try VectorFile.read("\(folder)/x.\(other)")
                #expect(carried.ids == named.ids)
                try VectorFile.write(carried, to: "\(folder)/y.\(format)")
                #expect(try TestFiles.bytes("\(folder)/y.\(format)") == Self.bytes(format), "by \(other)")
            }
        }
    }

    @Test(arguments: ["fbin", "f16bin", "u8bin", "i8bin"])
    func `counts that lie are refused`(format: String) throws {
        let size = ["fbin": 4, "f16bin": 2][format] ?? 1
        let broken: [(String, [UInt8], String)] = [
            ("short", [1, 0, 0, 0, 1, 0, 0], "header"), ("dimension 0", Self.int32(1) + Self.int32(0), "header"),
            ("huge dimension", Self.int32(1) + Self.int32(-1), "header"),
            ("huge rows", Self.int32(-1) + Self.int32(4_194_304), "data"),
            ("a byte missing", Self.int32(2) + Self.int32(3) + [UInt8](repeating: 0, count: 6 * size - 1), "data"),
            ("a byte more", Self.int32(2) + Self.int32(3) + [UInt8](repeating: 0, count: 6 * size + 1), "data"),
        ]
        for (name, bytes, place) in broken {
            try withFolder { folder in
                let path = "\(folder)/v.\(format)"
                try TestFiles.write(bytes, to: path)
                let error = expectError(.refused, path: path) { _ = try VectorFile.read(path) }
                #expect(error?.place == place, "\(name): \(error?.description ?? "")")
            }
        }
        try withFolder { folder in
            let path = "\(folder)/v.\(format)"
            try TestFiles.write(Self.int32(0) + Self.int32(3), to: path)
            #expect(try VectorFile.read(path).rowCount == 0)
            try VectorFile.write(VectorMatrix(rowCount: 0, dimension: 3, values: []), to: path)
            #expect(try TestFiles.bytes(path) == Self.int32(0) + Self.int32(3))
        }
    }

    @Test func `what a format cannot hold is an error that names it, and leaves nothing`() throws {
        let cases: [(String, Float, String)] = [
            ("u8bin", 256, "an integer from 0 to 255 for .u8bin, found 256.0"), ("bvecs", -1, "found -1.0"),
            ("i8bin", 0.5, "an integer from -128 to 127"), ("ivecs", 3e9, "an integer of 32 bits"),
            ("f16bin", 65_520, "at most 65504"), ("u8bin", .nan, "found nan"), ("i8bin", -129, "found -129.0"),
        ]
        for (format, value, part) in cases {
            try withFolder { folder throws in
                let path = "\(folder)/v.\(format)"
                expectError(.notWritten, path: path, saying: "row 1, component 2: ") {
                    try VectorFile.write(VectorMatrix(rows: [[1, 2, 3], [4, 5, value]]), to: path)
                }
                expectError(.notWritten, path: path, saying: part) {
                    try VectorFile.write(VectorMatrix(rows: [[1, 2, 3], [4, 5, value]]), to: path)
                }
                #expect(try TestFiles.names(in: folder).isEmpty)
            }
        }
    }

    private static func tensors(_ header: String, _ data: [UInt8]) -> [UInt8] {
        Self.int32(header.utf8.count) + Self.int32(0) + Array(header.utf8) + data
    }

    @Test func `tensors are found by name, or because there is one`() throws {
        let data = (0..<4).map { UInt8($0) } + TestFiles.bytes(of: [0.5, 1, 1.5, 2, 2.5, 3])
        let header =
            #"{"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"b#c":{"dtype":"F32","shape":[3,2],"data_offsets":[4,28]}}"#
        try withFolder { folder in
            let path = folder + "/v.safetensors"
            try TestFiles.write(Self.tensors(header, data), to: path)
            #expect(try VectorFile.read(path + "#a")[1] == [2, 3])
            // At an odd place of the file, and with a name of its own kind.
            #expect(try VectorFile.read(path + "#b#c")[2] == [2.5, 3])
            expectError(.refused, path: path, place: "header", saying: "one tensor, or its name after a #") {
                _ = try VectorFile.read(path)
            }
            expectError(.refused, path: path + "#x", place: "header", saying: "expected a tensor x, found a, b#c") {
                _ = try VectorFile.read(path + "#x")
            }
            try VectorFile.write(VectorMatrix(rows: Self.rows), to: path)
            #expect(try VectorFile.read(path)[1] == Self.rows[1])
            #expect(try VectorFile.read(path + "#embeddings")[0] == Self.rows[0])
            let bytes = try TestFiles.bytes(path)
            #expect(
                (bytes.count - 24) % 64 == 0 && Array(bytes.suffix(24)) == Self.rows.flatMap { TestFiles.bytes(of: $0) }
            )
            expectError(.unknownFormat, path: path + "#x") {
                try VectorFile.write(VectorMatrix(rows: Self.rows), to: path + "#x")
            }
        }
    }

    @Test func `tensors that are no vectors are refused`() throws {
        let broken = [
            (#"{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}"#, "tensor a", "two dimensions"),
            (#"{"a":{"dtype":"BF16","shape":[6,2],"data_offsets":[0,24]}}"#, "tensor a", "found BF16"),
            (#"{"a":{"dtype":"F32","shape":[6,0],"data_offsets":[0,0]}}"#, "header", "the tensors end"),
            (#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}"#, "header", "takes 24 bytes"),
            (#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,24]}}"#, "header", "too large"),
            ("{", "header", "not valid JSON"), ("{}", "header", "the tensors end"),
        ]
        for (header, place, part) in broken {
            try withFolder { folder in
                let path = folder + "/v.safetensors"
                try TestFiles.write(Self.tensors(header, [UInt8](repeating: 0, count: 24)), to: path)
                expectError(.refused, path: path, place: place, saying: part) { _ = try VectorFile.read(path) }
            }
        }
    }

    @Test func `halves are the nearest ones`() throws {
        try withFolder { folder in
            // Every finite half, what lies in the middle of two, and a little beside it.
            let halves = (0..<0x7C00).map { UInt16($0) }
            var bytes = Self.int32(halves.count) + Self.int32(1)
            for half in halves { bytes += [UInt8(half & 0xFF), UInt8(half >> 8)] }
            let path = "\(folder)/h.f16bin"
            try TestFiles.write(bytes, to: path)
            let exact = try VectorFile.read(path)
            try VectorFile.write(exact, to: "\(folder)/w.f16bin")
            #expect(try TestFiles.bytes("\(folder)/w.f16bin") == bytes)
            var between: [[Float]] = []
            var expected: [Float] = []
            for i in 0..<halves.count - 1 {
                let (low, high) = (exact[i][0], exact[i + 1][0])
                let middle = (low + high) / 2
                between += [[middle], [middle.nextDown], [-middle.nextUp]]
                expected += [i % 2 == 0 ? low : high, low, -high]
            }
            try VectorFile.write(VectorMatrix(rows: between), to: "\(folder)/m.f16bin")
            let rounded = try VectorFile.read("\(folder)/m.f16bin")
            let wrong = expected.indices.filter { rounded[$0][0] != expected[$0] }
            #expect(wrong.isEmpty, "\(wrong.count), first \(wrong.prefix(3).map { between[$0][0] })")
        }
    }
}
