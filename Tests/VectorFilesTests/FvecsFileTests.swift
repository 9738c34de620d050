// SPDX-License-Identifier: Apache-2.0
//
// `.fvecs`: the layout written out by hand, both ways; broken files are refused with the row that is broken. (Round trips
// of any bits are in NumpyFileTests.)

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct FvecsFileTests {
    private static let row0 = TestFiles.bytes(of: Int32(2)) + TestFiles.bytes(of: [1, -2])
    private static let row1 = TestFiles.bytes(of: Int32(2)) + TestFiles.bytes(of: [0.5, 3])

    @Test("each vector is its dimension and its components")
    func layout() throws {
        try withFolder { folder in
            let path = folder + "/v.fvecs"
            try TestFiles.write(Self.row0 + Self.row1, to: path)
            let matrix = try VectorFile.read(path)
            #expect(matrix.rowCount == 2 && matrix[0] == [1, -2] && matrix[1] == [0.5, 3])
            let found = try matrix.nearest(to: matrix, k: 2, metric: .dot)
            #expect(found.rows == [0, 1, 1, 0])
            try VectorFile.write(matrix, to: folder + "/w.fvecs")
            #expect(try TestFiles.bytes(folder + "/w.fvecs") == Self.row0 + Self.row1)
        }
    }

    private static let broken: [(String, [UInt8], String?)] = [
        ("no bytes", [], nil),
        ("three bytes", [1, 0, 0], "row 0"),
        ("only a dimension", TestFiles.bytes(of: Int32(2)), "row 0"),
        ("dimension 0", TestFiles.bytes(of: Int32(0)), "row 0"),
        ("negative dimension", TestFiles.bytes(of: Int32(-2)) + TestFiles.bytes(of: [1, 2]), "row 0"),
        ("least dimension", TestFiles.bytes(of: Int32.min), "row 0"),
        ("largest dimension", TestFiles.bytes(of: Int32.max) + TestFiles.bytes(of: [1, 2]), "row 0"),
        ("another dimension", row0 + TestFiles.bytes(of: Int32(1)) + TestFiles.bytes(of: [1, 2]), "row 1"),
        ("a negative one later", row0 + row1 + TestFiles.bytes(of: Int32(-1)) + TestFiles.bytes(of: [1, 2]), "row 2"),
        ("a byte missing", Array((row0 + row1).dropLast()), "row 1"),
        ("a byte too many", row0 + row1 + [2], "row 2"),
    ]

    @Test("broken files are refused with the row", arguments: broken.indices)
    func refused(index: Int) throws {
        let (name, bytes, place) = Self.broken[index]
        try withFolder { folder in
            let path = folder + "/v.fvecs"
            try TestFiles.write(bytes, to: path)
            let error = expectError(.refused, path: path) { _ = try VectorFile.read(path) }
            #expect(error?.place == place, "\(name): \(error?.description ?? "")")
        }
    }

    @Test("a matrix without rows cannot be written, and leaves nothing")
    func noRows() throws {
        try withFolder { folder throws in
            let path = folder + "/v.fvecs"
            expectError(.notWritten, path: path, saying: ".npy") {
                try VectorFile.write(VectorMatrix(rowCount: 0, dimension: 3, values: []), to: path)
            }
            #expect(try TestFiles.names(in: folder) == [])
        }
    }
}
