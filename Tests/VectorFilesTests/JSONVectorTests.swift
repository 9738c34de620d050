// SPDX-License-Identifier: Apache-2.0
//
// Vectors in `.jsonl`: numbers of every form to the nearest float, ids, fields, and what is refused with its line.

import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct JSONVectorTests {
    private func read(_ text: String, field: String = "embedding", id: String? = nil) throws -> VectorMatrix {
        var found: VectorMatrix?
        try withFolder { folder in
            let path = folder + "/v.jsonl"
            try TestFiles.write(Array(text.utf8), to: path)
            found = try VectorFile.read(path, vectorField: field, idField: id)
        }
        return try #require(found)
    }

    @Test func `numbers become the nearest floats`() throws {
        let row = try read(
            #"{"embedding":[1, -0, 0.1, 1e-3,3.4028235e38,1e-46, 16777217, 1.17549435E-38,0.30000001192092896]}"#
        )[0]
        #expect(row == [1, -0.0, 0.1, 0.001, .greatestFiniteMagnitude, 0, 16_777_216, .leastNormalMagnitude, 0.3])
        // Every float that is printed comes back.
        var random = SplitMix64(seed: 5)
        let floats = (0..<3000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }.filter(
            \.isFinite
        )
        let text = #"{"embedding":["# + floats.map { "\($0)" }.joined(separator: ",") + "]}"
        #expect(try read(text)[0].map(\.bitPattern) == floats.map(\.bitPattern))
        let odd = try read(#"{"embedding":[NaN,1e400,-Infinity]}"#)
        #expect(odd[0][0].isNaN && odd[0][1] == .infinity && odd[0][2] == -.infinity)
    }

    @Test func `fields, ids and empty lines`() throws {
        let text = "{\"v\":[1,2],\"id\":7}\n\n  \n{\"id\":\"b\",\"w\":[[]],\"v\":[3,4]}\r\n"
        let matrix = try read(text, field: "v")
        #expect(matrix.rowCount == 2 && matrix[1] == [3, 4] && matrix.ids == [.integer(7), .string("b")])
        #expect(try read("{\"embedding\":[1],\"key\":5}", id: "key").ids == [.integer(5)])
        #expect(try read("{\"embedding\":[1]}").ids == nil)
    }

    @Test func `what is no vector is refused with its line`() throws {
        let broken = [
            ("{\"embedding\":[1,2]}\n{\"embedding\":[1]}", "line 2", "expected 2 components as in line 1, found 1"),
            ("{\"embedding\":[]}", "line 1", "1 to 4194304 components, found 0"),
            ("{\"embedding\":[1,\"a\"]}", "line 1", "at byte 17"), ("{\"embedding\":[1,null]}", "line 1", "at byte"),
            ("{\"embedding\":[1,[2]]}", "line 1", "at byte"), ("{\"embedding\":7}", "line 1", "an array was expected"),
            ("{\"other\":[1]}", "line 1", "one field \"embedding\", found none"),
            ("{\"embedding\":[1],\"embedding\":[2]}", "line 1", "found 2"),
            ("\n[1,2]", "line 2", "an object was expected"),
            ("{\"embedding\":[1]} x", "line 1", "the end of the document"), ("{\"embedding\":[1", "line 1", "at byte"),
            ("{\"embedding\":[1],\"id\":1}\n{\"embedding\":[1]}", "line 2", "in the field \"id\", found no such field"),
            ("\n\n", nil, "found no object"),
        ]
        for (text, place, part) in broken {
            try withFolder { folder in
                let path = folder + "/v.jsonl"
                try TestFiles.write(Array(text.utf8), to: path)
                let error = expectError(.refused, path: path, saying: part) { _ = try VectorFile.read(path) }
                #expect(error?.place == place, "\(text): \(error?.description ?? "")")
            }
        }
    }
}
