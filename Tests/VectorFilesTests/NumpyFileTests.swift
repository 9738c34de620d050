// SPDX-License-Identifier: Apache-2.0
//
// `.npy`: what NumPy writes is read, in all versions and element types, and what we write is what NumPy writes, byte for
// byte (fixtures by Fixtures/make-fixtures.py). Data at any offset. Malformed files are in NumpyRefusalTests.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct NumpyFileTests {
    private static let values: [[Float]] = [[0, 1, 2.5], [-3, 100, 0.5]]

    private static func rows(_ matrix: VectorMatrix) -> [[Float]] { (0..<matrix.rowCount).map { matrix[$0] } }

    @Test(
        "versions and float types that NumPy writes are read",
        arguments: ["f2", "f4", "f8", "version1", "version2", "version3"]
    )
    func floats(name: String) throws {
        #expect(Self.rows(try VectorFile.read(TestFiles.fixture(name + ".npy"))) == Self.values)
    }

    @Test("bytes are read as whole numbers")
    func bytes() throws {
        #expect(Self.rows(try VectorFile.read(TestFiles.fixture("i1.npy"))) == [[0, 1, 2], [-3, 100, 0]])
        #expect(Self.rows(try VectorFile.read(TestFiles.fixture("u1.npy"))) == [[0, 1, 2], [3, 100, 0]])
    }

    @Test("a file without rows is an empty matrix of its dimension")
    func noRows() throws {
        let matrix = try VectorFile.read(TestFiles.fixture("norows.npy"))
        #expect(matrix.rowCount == 0 && matrix.dimension == 3)
    }

    @Test("what is written is what NumPy writes")
    func written() throws {
        try withFolder { folder in
            let path = folder + "/v.NPY"
            for (name, rows) in [("f4", Self.values), ("wide", [(0..<12345).map { Float($0) }])] {
                try VectorFile.write(VectorMatrix(rows: rows), to: path)
                #expect(try TestFiles.bytes(path) == TestFiles.bytes(TestFiles.fixture(name + ".npy")))
            }
            try VectorFile.write(VectorMatrix(rowCount: 0, dimension: 3, values: []), to: path)
            #expect(try TestFiles.bytes(path) == TestFiles.bytes(TestFiles.fixture("norows.npy")))
        }
    }

    @Test("any bits survive a round trip, beyond the size of the buffer", arguments: ["npy", "fvecs"])
    func roundTrip(ending: String) throws {
        var random = SplitMix64(seed: 81)
        let values = (0..<700 * 401).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
        let matrix = VectorMatrix(rowCount: 700, dimension: 401, values: values)
        try withFolder { folder in
            let (path, again) = (folder + "/a." + ending, folder + "/b." + ending)
            try VectorFile.write(matrix, to: path)
            let read = try VectorFile.read(path)
            #expect(Self.rows(read).joined().map(\.bitPattern) == values.map(\.bitPattern))
            try VectorFile.write(read, to: again)
            #expect(try TestFiles.bytes(again) == TestFiles.bytes(path))
            // Over the mapped file itself: the map keeps the old contents.
            try VectorFile.write(read, to: path)
            #expect(try TestFiles.bytes(again) == TestFiles.bytes(path))
            #expect(try TestFiles.names(in: folder).count == 2)
        }
    }

    @Test("data may begin at any offset", arguments: 0..<8)
    func offsets(padding: Int) throws {
        let spaces = String(repeating: " ", count: padding)
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\(spaces)\n"
        try withFolder { folder in
            let path = folder + "/v.npy"
            try TestFiles.write(
                TestFiles.npy(header, data: TestFiles.bytes(of: Array(Self.values.joined()))),
                to: path
            )
            let matrix = try VectorFile.read(path)
            #expect(Self.rows(matrix) == Self.values)
            let found = try matrix.nearest(to: matrix, k: 1, metric: .euclidean)
            #expect(found.rows == [0, 1] && found.scores == [0, 0])
        }
    }

    @Test(
        "headers in other spellings of Python are read",
        arguments: [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
            "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
            "{ 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' , 'fortran_order' : False , }\n\n  ",
            "{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3)}",
        ]
    )
    func spellings(header: String) throws {
        try withFolder { folder in
            for version in [1, 2, 3] as [UInt8] {
                let path = folder + "/v.npy"
                try TestFiles.write(
                    TestFiles.npy(header, data: TestFiles.bytes(of: Array(Self.values.joined())), version: version),
                    to: path
                )
                #expect(Self.rows(try VectorFile.read(path)) == Self.values)
            }
        }
    }
}
