// SPDX-License-Identifier: Apache-2.0
//
// A prepared corpus is held to its source: a touched or copied one is accepted, a changed, missing or foreign one refused,
// whatever its size and time. And the sample of a large file is the first, the last and 64 pieces between.

import Foundation
import Similarity
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct PreparedSourceTests {
    private static func setTime(_ path: String, _ seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: seconds)],
            ofItemAtPath: path
        )
    }

    @Test("a source that was only touched, or copied, is accepted")
    func touched() throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder)
            let source = folder + "/v.npy"
            try Self.setTime(source, 1_000_000_000)
            _ = try PreparedCorpusFile.read(path)
            try TestFiles.write(try TestFiles.bytes(source), to: source)
            _ = try PreparedCorpusFile.read(path)
            #expect(try PreparedCorpusReader(path).sourceState == .unchanged)
        }
    }

    @Test("a changed source is refused, with the time kept too", arguments: [true, false])
    func changed(keepsTime: Bool) throws {
        try withFolder { folder in
            let source = folder + "/v.npy"
            try VectorFile.write(PreparedFiles.rows(), to: source)
            try Self.setTime(source, 1_000_000_000)
            let path = folder + "/C.simile"
            let prepared = try PreparedCorpus(try VectorFile.read(source))
            try PreparedCorpusFile.write(prepared, to: path, rows: .of(source))
            let whole = try TestFiles.bytes(source)
            for place in [0, 9, 130, whole.count / 2, whole.count - 1] {
                var bytes = whole
                bytes[place] ^= 1
                try TestFiles.write(bytes, to: source)
                if keepsTime { try Self.setTime(source, 1_000_000_000) }
                expectError(.refused, path: path, place: "source", saying: "has changed") {
                    _ = try PreparedCorpusFile.read(path)
                }
                #expect(try PreparedCorpusReader(path).sourceState == .changed)
            }
            for bytes in [whole + [0], Array(whole.dropLast()), [0]] {
                try TestFiles.write(bytes, to: source)
                if keepsTime { try Self.setTime(source, 1_000_000_000) }
                expectError(.refused, path: path, place: "source", saying: "expected \(whole.count) bytes") {
                    _ = try PreparedCorpusFile.read(path)
                }
            }
            try TestFiles.write(whole, to: source)
            _ = try PreparedCorpusFile.read(path)
        }
    }

    @Test("a missing source is refused; embedded rows do not need it", arguments: [false, true])
    func missing(isEmbedded: Bool) throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder, embeddingSource: isEmbedded)
            try FileManager.default.removeItem(atPath: folder + "/v.npy")
            #expect(try PreparedCorpusReader(path).sourceState == .missing)
            if isEmbedded {
                _ = try PreparedCorpusFile.read(path)
                return
            }
            expectError(.refused, path: path, place: "source", saying: folder + "/v.npy") {
                _ = try PreparedCorpusFile.read(path)
            }
            try FileManager.default.createDirectory(atPath: folder + "/v.npy", withIntermediateDirectories: false)
            expectError(.refused, path: path, place: "source") { _ = try PreparedCorpusFile.read(path) }
        }
    }

    @Test("a corpus is not written for a source with other rows, or one that changes meanwhile")
    func foreign() throws {
        try withFolder { folder in
            let (source, path) = (folder + "/v.npy", folder + "/C.simile")
            let rows = PreparedFiles.rows()
            let prepared = try PreparedCorpus(rows)
            try VectorFile.write(PreparedFiles.rows(seed: 2), to: source)
            expectError(.refused, path: source, place: "row 0", saying: "another") {
                try PreparedCorpusFile.write(prepared, to: path, rows: .of(source))
            }
            try VectorFile.write(PreparedFiles.rows(299), to: source)
            expectError(.refused, path: source, saying: "300 x 24") {
                try PreparedCorpusFile.write(prepared, to: path, rows: .of(source))
            }
            try VectorFile.write(rows, to: source)
            let taken = try PreparedSource(source)
            try VectorFile.write(PreparedFiles.rows(seed: 3), to: source)
            expectError(.refused, path: source, saying: "changed while") {
                try PreparedCorpusWriter(path: path).write(prepared, source: taken, embeddingSource: false)
            }
            #expect(try TestFiles.names(in: folder) == ["v.npy"])
        }
    }

    @Test("the sample of a large file")
    func sample() throws {
        let piece = 1 << 20
        let size = 70 * piece + 12_345
        var bytes = [UInt8](repeating: 0, count: size)
        for i in stride(from: 0, to: size, by: 4093) { bytes[i] = UInt8(truncatingIfNeeded: i) }
        var expected = Checksum64()
        for i in 0..<66 {
            let start = i * (size - piece) / 65
            expected.update(bytes.span.extracting(start..<start + piece))
        }
        let value = FileFingerprint.sampledChecksum(bytes.span)
        #expect(value == expected.value)
        for (place, isSampled) in [
            (0, true), (piece, false), (size / 65, true), (size - piece, true), (size - 1, true),
        ] {
            bytes[place] ^= 128
            #expect((FileFingerprint.sampledChecksum(bytes.span) != value) == isSampled, "byte \(place)")
            bytes[place] ^= 128
        }
        let small = Array(bytes.prefix(66 * piece))
        #expect(FileFingerprint.sampledChecksum(small.span) == Checksum64.of(small.span))
    }
}
