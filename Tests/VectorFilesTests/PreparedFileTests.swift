// SPDX-License-Identifier: Apache-2.0
//
// A prepared file that has been written and read finds what comparing all pairs finds: every metric, rows inside or beside,
// every type of component, ids, no rows at all. Source and file can be moved together and reached through links. And the
// header is what its description says.

import Foundation
import Similarity
import SimilarityKernels
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct PreparedFileTests {
    @Test("what is read finds what comparing all pairs finds", arguments: Metric.allCases, [false, true])
    func roundTrip(metric: Metric, isEmbedded: Bool) throws {
        try withFolder { folder in
            let rows = PreparedFiles.rows(1200)
            let path = try PreparedFiles.make(in: folder, rows: rows, metric: metric, embeddingSource: isEmbedded)
            #expect(try TestFiles.names(in: folder) == ["C.simile", "v.npy"])
            if isEmbedded { try FileManager.default.removeItem(atPath: folder + "/v.npy") }
            let prepared = try PreparedCorpusFile.read(path)
            let made = try PreparedCorpus(rows, metric: metric)
            #expect(prepared.metric == metric && prepared.prefix == made.prefix)
            #expect(
                !prepared.encoding.rotation.isIdentity
                    && prepared.encoding.rotation.matrix == made.encoding.rotation.matrix
            )
            try PreparedFiles.expectSameResults(prepared, as: rows)
            #expect(try VectorFile.read(path)[7] == rows[7])
        }
    }

    @Test(
        "every type of component, as it is stored",
        arguments: ["f2.npy", "f8.npy", "i1.npy", "u1.npy", "rows.fvecs"]
    )
    func types(name: String) throws {
        try withFolder { folder in
            let source = folder + "/" + name
            if name == "rows.fvecs" {
                try VectorFile.write(PreparedFiles.rows(40), to: source)
            } else {
                try TestFiles.write(try TestFiles.bytes(try TestFiles.fixture(name)), to: source)
            }
            let rows = try VectorFile.read(source)
            let options = RunOptions(invalidRows: .skip)
            for isEmbedded in [false, true] {
                let path = folder + "/C.simile"
                try PreparedCorpusFile.write(
                    try PreparedCorpus(rows, metric: .dot, options: options),
                    to: path,
                    rows: isEmbedded ? .embedded(from: source) : .of(source)
                )
                let read = try PreparedCorpusFile.read(path)
                #expect(read.vectors.storage.elementType == rows.storage.elementType)
                for row in 0..<rows.rowCount {
                    #expect(read.vectors[row].map(\.bitPattern) == rows[row].map(\.bitPattern))
                }
                #expect(
                    try read.nearest(to: rows, k: 2, options: options).rows
                        == rows.nearest(to: rows, k: 2, metric: .dot, options: options).rows
                )
            }
        }
    }

    @Test("ids are inside, or stand beside the source", arguments: [false, true])
    func ids(isEmbedded: Bool) throws {
        try withFolder { folder in
            let names = (0..<300).map { $0 % 3 == 0 ? RowID.integer(Int64($0) - 5) : .string("row \"\($0)\"\n") }
            let rows = PreparedFiles.rows().withIDs(names)
            let path = try PreparedFiles.make(in: folder, rows: rows, embeddingSource: isEmbedded)
            try PreparedFiles.expectSameResults(try PreparedCorpusFile.read(path), as: rows)
            try FileManager.default.removeItem(atPath: folder + "/v.npy.ids.jsonl")
            #expect(try PreparedCorpusFile.read(path).vectors.ids == (isEmbedded ? names : nil))
        }
    }

    @Test("few rows, no rows, rows without a score", arguments: [0, 1, 2, 15, 17], [false, true])
    func small(count: Int, isEmbedded: Bool) throws {
        try withFolder { folder in
            for dimension in [1, 3, 40] {
                let rows = PreparedFiles.rows(count, dimension: dimension)
                let path = try PreparedFiles.make(in: folder, rows: rows, embeddingSource: isEmbedded)
                try PreparedFiles.expectSameResults(try PreparedCorpusFile.read(path), as: rows)
            }
            let zeros = VectorMatrix(rowCount: count, dimension: 2, values: Array(repeating: 0, count: 2 * count))
            let path = try PreparedFiles.make(in: folder, rows: zeros, embeddingSource: isEmbedded)
            try PreparedFiles.expectSameResults(try PreparedCorpusFile.read(path), as: zeros)
        }
    }

    @Test("invalid rows have no codes, and are refused again when they are met again")
    func invalidRows() throws {
        try withFolder { folder in
            let rows = VectorMatrix(rows: [[1, 2], [.nan, 1], [2, 1], [.infinity, 0]])
            try VectorFile.write(rows, to: folder + "/v.npy")
            let skipping = RunOptions(invalidRows: .skip)
            let prepared = try PreparedCorpus(rows, options: skipping)
            let path = folder + "/C.simile"
            try PreparedCorpusFile.write(prepared, to: path, rows: .of(folder + "/v.npy"))
            let read = try PreparedCorpusFile.read(path)
            #expect(throws: SimilarityError.self) { try read.selfJoin(threshold: 0) }
            #expect(try read.selfJoin(threshold: 0, options: skipping).pairs.map { [$0.a, $0.b] } == [[0, 2]])
        }
    }

    @Test("source and file are moved together, or reached through links")
    func moved() throws {
        try withFolder { folder in
            let files = FileManager.default
            let rows = PreparedFiles.rows()
            for name in ["a", "a/data", "a/codes", "links"] {
                try files.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: false)
            }
            try VectorFile.write(rows, to: folder + "/a/data/v.npy")
            let prepared = try PreparedCorpus(rows)
            // The source by a path through a linked folder.
            try files.createSymbolicLink(atPath: folder + "/links/data", withDestinationPath: "../a/data")
            let source = folder + "/links/data/v.npy"
            try PreparedCorpusFile.write(prepared, to: folder + "/a/codes/C.simile", rows: .of(source))
            #expect(try PreparedCorpusReader(folder + "/a/codes/C.simile").summary.source == "../data/v.npy")
            try files.moveItem(atPath: folder + "/a", toPath: folder + "/b")
            try PreparedFiles.expectSameResults(try PreparedCorpusFile.read(folder + "/b/codes/C.simile"), as: rows)
            try files.createSymbolicLink(
                atPath: folder + "/links/L.simile",
                withDestinationPath: folder + "/b/codes/C.simile"
            )
            try PreparedFiles.expectSameResults(try PreparedCorpusFile.read(folder + "/links/L.simile"), as: rows)
            // Written through a link: the path is that from where the file lies.
            try PreparedCorpusFile.write(prepared, to: folder + "/links/L.simile", rows: .of(folder + "/b/data/v.npy"))
            #expect(try PreparedCorpusReader(folder + "/b/codes/C.simile").summary.source == "../data/v.npy")
            #expect(try PreparedCorpusReader(folder + "/links/L.simile").sourceState == .unchanged)
        }
    }

    @Test("a corpus without a source is written with its rows")
    func sourceless() throws {
        try withFolder { folder in
            let rows = PreparedFiles.rows().withIDs((0..<300).map { .integer($0) })
            let path = folder + "/C.simile"
            try PreparedCorpusFile.write(try PreparedCorpus(rows), to: path, rows: .embedded)
            try PreparedFiles.expectSameResults(try PreparedCorpusFile.read(path), as: rows)
            let reader = try PreparedCorpusReader(path)
            #expect(reader.sourceState == .none && reader.sourcePath == nil && reader.summary.embedsRows)
        }
    }

    @Test func `a file of version 1 is read, and its codes are narrow`() throws {
        try withFolder { folder in
            let rows = PreparedFiles.rows()
            let path = try PreparedFiles.make(in: folder, rows: rows, level: .baseline)
            var file = try ForgedFile(path)
            #expect(file.bytes[8] == 2 && file.bytes[184] == 1)
            file.put(UInt32(1), at: 8)
            file.put(UInt32(0), at: 184)
            file.seal()
            try file.write(to: path)
            let prepared = try PreparedCorpusFile.read(path)
            #expect(prepared.coded.shape.profile == .narrow)
            #expect(try PreparedCorpusReader(path).summary.version == 1)
            try PreparedFiles.expectSameResults(prepared, as: rows)
        }
    }

    @Test func `a file of any level is read at any other`() throws {
        for made in KernelLevel.available {
            try withFolder { folder in
                let rows = PreparedFiles.rows()
                let path = try PreparedFiles.make(in: folder, rows: rows, level: made)
                for used in KernelLevel.available {
                    let prepared = try PreparedCorpusReader(path).corpus(for: used)
                    #expect(used.codes.takes(rowsOf: prepared.coded.shape.profile), "made at \(made), used at \(used)")
                    try PreparedFiles.expectSameResults(prepared, as: rows, level: used)
                }
            }
        }
    }

    @Test("the header is what its description says")
    func header() throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder, metric: .euclidean, embeddingSource: true)
            let file = try ForgedFile(path)
            let prepared = try PreparedCorpusFile.read(path)
            #expect(Array(file.bytes[..<16]) == [0x93, 83, 73, 77, 73, 76, 69, 10, 2, 0, 0, 0, 4, 3, 2, 1])
            #expect(file.number(at: 16) == 320 && file.number(at: 24) == file.bytes.count)
            #expect(file.number(at: 32) == 2 + (1 + 2 + 4 + 8) << 32)
            #expect([40, 48, 56, 64].map(file.number) == [24, 300, 300, prepared.prefix])
            #expect(UInt64(file.number(at: 72)) == prepared.encoding.rotation.defect.bitPattern)
            #expect(file.rotation == 320 && file.number(at: 88) == 4 * 24 * 24)
            #expect(file.codes == 320 + 4 * 24 * 24 && file.number(at: 104) == prepared.coded.image.byteCount)
            #expect(file.rows == file.codes + prepared.coded.image.byteCount && file.number(at: 120) == 300 * 24 * 4)
            #expect(file.ids == 0 && file.number(at: 136) == 0)
            #expect(file.number(at: 144) == 5 << 32)
            let source = try TestFiles.bytes(folder + "/v.npy")
            #expect(file.number(at: 152) == source.count)
            let whole = Checksum64.of(source.span)
            #expect([168, 176].map { UInt64(bitPattern: Int64(file.number(at: $0))) } == [whole, whole])
            #expect(file.bytes[184] == UInt8(KernelLevel.current.codes.id))
            #expect(file.bytes[185..<256].allSatisfy { $0 == 0 })
            #expect(Array(file.bytes[256..<264]) == Array("v.npy".utf8) + [0, 0, 0])
            var resealed = file
            resealed.seal()
            #expect(resealed.bytes == file.bytes)
        }
    }

    @Test("a writer that gives up or cannot write leaves what was there")
    func givenUp() throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder)
            let before = try TestFiles.bytes(path)
            let prepared = try PreparedCorpusFile.read(path)
            let source = try PreparedSource(folder + "/v.npy")
            for last in 0..<4 {
                let gaveUp = Self.givesUp(after: last) { check in
                    let writer = try PreparedCorpusWriter(path: path)
                    try writer.write(prepared, source: source, embeddingSource: true, check: check)
                }
                #expect(gaveUp)
                #expect(try TestFiles.names(in: folder) == ["C.simile", "v.npy"])
                #expect(try TestFiles.bytes(path) == before)
            }
            for place in ["/none/C.simile", "/v.npy/C.simile"] {
                expectError(.notWritten, path: folder + place) { _ = try PreparedCorpusWriter(path: folder + place) }
            }
            for name in ["/C.npy", "/C", "/C.txt"] {
                expectError(.unknownFormat, path: folder + name, saying: ".simile") {
                    _ = try PreparedCorpusWriter(path: folder + name)
                }
            }
            expectError(.unknownFormat, path: path) { try VectorFile.write(prepared.vectors, to: path) }
        }
    }

    private struct GivenUp: Error {}

    /// Whether a body that is cancelled at a check after `last` others ends with that error.
    private static func givesUp(after last: Int, _ body: (() throws -> Void) throws -> Void) -> Bool {
        var calls = 0
        do {
            try body {
                calls += 1
                if calls > last { throw GivenUp() }
            }
            return false
        } catch {
            return error is GivenUp
        }
    }
}
