// SPDX-License-Identifier: Apache-2.0
//
// Prepared files that are damaged, cut, foreign or made to do harm: each is refused with an error that names file and place, and
// none ends the process. A crafted file with a right checksum that is not refused may find nonsense, but it finds it in peace.

import Foundation
import Similarity
import SimilarityKernels
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct PreparedRefusalTests {
    @Test("a flipped bit is found wherever it is", arguments: [false, true])
    func flips(isEmbedded: Bool) throws {
        try withFolder { folder in
            let rows = PreparedFiles.rows().withIDs((0..<300).map { .integer($0) })
            let path = try PreparedFiles.make(in: folder, rows: rows, embeddingSource: isEmbedded)
            let whole = try ForgedFile(path)
            var random = SplitMix64(seed: 5)
            // Every byte of the header and of the checksum, and of each section some.
            var places = Array(0..<320) + Array(whole.bytes.count - 8..<whole.bytes.count)
            for section in [whole.rotation, whole.codes, whole.norms, whole.rows, whole.ids] where section > 0 {
                places +=
                    [section, section + 1] + (0..<40).map { _ in section + random.below(whole.bytes.count - section) }
            }
            for place in places {
                var file = whole
                file.bytes[place] ^= 1 << UInt8(random.below(8))
                try file.write(to: path)
                let error = expectError(.refused, path: path) { _ = try PreparedCorpusFile.read(path) }
                #expect(
                    error?.place == (place < 32 ? "header" : "checksum") || (16..<24).contains(place),
                    "byte \(place)"
                )
            }
        }
    }

    @Test("a cut file is refused, and a longer one")
    func lengths() throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder)
            let whole = try TestFiles.bytes(path)
            for count in Array(0..<340) + Array(stride(from: 340, to: whole.count, by: 997)) + [whole.count - 1] {
                try TestFiles.write(Array(whole.prefix(count)), to: path)
                let error = expectError(.refused, path: path) { _ = try PreparedCorpusFile.read(path) }
                #expect(error?.place == (count == 0 ? nil : "header"), "\(count) bytes")
                if count >= 264 { #expect(error?.message.hasPrefix("truncated") == true) }
            }
            try TestFiles.write(whole + [0], to: path)
            expectError(.refused, path: path, place: "header", saying: "found \(whole.count + 1)") {
                _ = try PreparedCorpusFile.read(path)
            }
        }
    }

    @Test("foreign files, newer ones and those of other machines are told apart")
    func foreign() throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder)
            let whole = try ForgedFile(path)
            func expectRefusal(saying part: String, _ change: (inout ForgedFile) -> Void) throws {
                var file = whole
                change(&file)
                try file.write(to: path)
                expectError(.refused, path: path, place: "header", saying: part) {
                    _ = try PreparedCorpusFile.read(path)
                }
                #expect(throws: VectorFileError.self) { try PreparedCorpusReader(path) }
            }
            try expectRefusal(saying: "version 1 to 2, found 3, which a newer") { $0.put(UInt32(3), at: 8) }
            try expectRefusal(saying: "version 1 to 2, found 0") { $0.put(UInt32(0), at: 8) }
            try expectRefusal(saying: "big-endian") { $0.put(UInt32(0x0403_0201), at: 12) }
            try expectRefusal(saying: "byte order mark") { $0.put(UInt32(7), at: 12) }
            try expectRefusal(saying: "magic") { $0.bytes = Array("not a prepared corpus".utf8) }
            try expectRefusal(saying: "magic") { file in file.bytes = (try? TestFiles.bytes(folder + "/v.npy")) ?? [] }
            // A transfer as text.
            try expectRefusal(saying: "magic") { $0.bytes.insert(13, at: 7) }
        }
    }

    /// What a forger writes, where, and what the refusal says.
    private static let forgeries: [(String, Int, any FixedWidthInteger & Sendable, String)] = [
        ("header length", 16, UInt64(256), "at byte 16"), ("header length", 16, UInt64.max, "at byte"),
        ("metric", 32, UInt32(3), "metric"), ("metric", 32, UInt32.max, "metric"),
        ("flags", 36, UInt32(1 << 5), "flags"), ("flags", 36, UInt32(0), "flags"), ("flags", 36, UInt32.max, "flags"),
        ("offsets for cosines", 36, UInt32(7), "flags"), ("ids without rows", 36, UInt32(2 + 4 + 16), "flags"),
        ("no source", 36, UInt32(2), "flags"), ("no rotation", 36, UInt32(4), "bytes by its own counts"),
        ("rows", 36, UInt32(2 + 4 + 8), "bytes by its own counts"),
        ("dimension", 40, UInt64(0), "dimension"), ("dimension", 40, UInt64(16_385), "dimension"),
        ("dimension", 40, UInt64.max, "dimension"), ("dimension", 40, UInt64(16_384), "bytes by its own counts"),
        ("rows", 48, UInt64(301), "source"), ("rows", 48, UInt64(1) << 32, "rows"), ("rows", 48, UInt64.max, "rows"),
        ("rows", 48, UInt64(1) << 63, "rows"), ("rows", 48, UInt64(7), "coded rows"),
        ("coded rows", 56, UInt64(301), "coded rows"), ("coded rows", 56, UInt64(100), "bytes by its own counts"),
        ("coded rows", 56, UInt64.max, "coded rows"), ("prefix", 64, UInt64(0), "prefix"),
        ("prefix", 64, UInt64(25), "prefix"), ("prefix", 64, UInt64(1) << 62, "prefix"),
        ("defect", 72, Double.nan.bitPattern, "defect"), ("defect", 72, Double.infinity.bitPattern, "defect"),
        ("defect", 72, (-1.0).bitPattern, "defect"), ("defect", 72, (1.0).bitPattern, "defect"),
        ("rotation's offset", 80, UInt64(0), "at byte 80"), ("rotation's offset", 80, UInt64.max, "at byte 80"),
        ("rotation's length", 88, UInt64.max, "at byte 88"), ("codes' offset", 96, UInt64(1) << 63, "at byte"),
        ("codes' offset", 96, UInt64(64), "at byte"), ("rows' offset", 112, UInt64(320), "at byte 112"),
        ("ids' length", 136, UInt64(1), "at byte 136"), ("type", 144, UInt32(6), "component type"),
        ("type", 144, UInt32(1), "source"), ("path length", 148, UInt32(0), "path"),
        ("path length", 148, UInt32.max, "path"), ("path length", 148, UInt32(4), "at byte 260"),
        ("path length", 148, UInt32(60_000), "path"), ("source size", 152, UInt64(1), "source"),
        ("source size", 152, UInt64.max, "at byte 159"), ("source time", 160, Int64.min, ""),
        ("sampled checksum", 168, UInt64(0), "source"), ("profile", 184, UInt32(3), "profile"),
        ("profile", 184, UInt32(0), "profile"),
        ("reserved", 188, UInt8(1), "at byte 188"), ("an old version", 8, UInt32(1), "at byte 184"),
        ("reserved", 255, UInt8(1), "at byte 255"), ("path with NUL", 257, UInt8(0), "path"),
        ("path not in UTF-8", 257, UInt8(0xFF), "UTF-8"), ("padding of the path", 300, UInt8(1), "at byte 300"),
    ]

    @Test("a header that lies is refused, with a right checksum too", arguments: forgeries.indices)
    func forged(index: Int) throws {
        let (name, place, value, part) = Self.forgeries[index]
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder, rows: PreparedFiles.rows().withoutZeroRow)
            var file = try ForgedFile(path)
            file.put(value, at: place)
            file.seal()
            try file.write(to: path)
            if part.isEmpty {
                // Another time alone: the whole source is compared, and it is the same.
                _ = try PreparedCorpusFile.read(path)
            } else {
                let error = expectError(.refused, path: path, saying: part) { _ = try PreparedCorpusFile.read(path) }
                #expect(error?.place == (part == "source" ? "source" : "header"), "\(name)")
            }
        }
    }

    @Test("codes and rotations that lead elsewhere are refused")
    func misleading() throws {
        try withFolder { folder in
            let path = try PreparedFiles.make(in: folder, rows: PreparedFiles.rows().withoutZeroRow)
            let whole = try ForgedFile(path)
            func expectRefusal(_ place: String, _ change: (inout ForgedFile) -> Void) throws {
                var file = whole
                change(&file)
                file.seal()
                try file.write(to: path)
                expectError(.refused, path: path, place: place) { _ = try PreparedCorpusFile.read(path) }
            }
            for row in [300, UInt32.max, 1 << 31] as [UInt32] {
                try expectRefusal("codes") { $0.put(row, at: $0.codes) }
                try expectRefusal("codes") { $0.put(row, at: $0.codes + 4 * 299) }
            }
            // A row twice.
            try expectRefusal("codes") { file in
                file.put(UInt32(file.number(at: file.codes) & 0xFFFF_FFFF), at: file.codes + 4)
            }
            for norm in [Double.nan, .infinity, -1, 0, 1e20] {
                try expectRefusal("codes") { $0.put(norm.bitPattern, at: $0.norms + 8 * 17) }
            }
            for value in [Float.nan, .infinity, -.infinity, 1e30, -3] {
                try expectRefusal("rotation") { $0.put(value.bitPattern, at: $0.rotation + 4 * 100) }
            }
        }
    }

    @Test("a file that names itself, or no vector file, as its source is refused")
    func circular() throws {
        try withFolder { folder in
            let source = folder + "/aaaaaa.npy"
            try VectorFile.write(PreparedFiles.rows(), to: source)
            let path = folder + "/CCC.simile"
            let prepared = try PreparedCorpus(try VectorFile.read(source))
            try PreparedCorpusFile.write(prepared, to: path, rows: .of(source))
            let whole = try ForgedFile(path)
            for name in ["CCC.simile", "../v.jsonl", "/etc/hosts", "aaaaaaaaaa", "../../../v", "aaaaaa.np/"] {
                var file = whole
                file.put(name, at: 256)
                file.seal()
                try file.write(to: path)
                expectError(.refused, path: path, place: "source") { _ = try PreparedCorpusFile.read(path) }
                _ = try PreparedCorpusReader(path).sourceState
            }
        }
    }

    @Test("sealed files with hostile numbers anywhere are refused or searched in peace", arguments: Metric.allCases)
    func hostile(metric: Metric) throws {
        var random = SplitMix64(seed: 11)
        let floats: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1e38, -1e38, .leastNonzeroMagnitude, 1, -1, 3e18]
        let doubles: [Double] = [.nan, .infinity, -.infinity, 0, 1e308, -1e308, .leastNonzeroMagnitude, 1, 1e19, -5]
        try withFolder { folder in
            let queries = PreparedFiles.rows(60, seed: 9)
            let path = try PreparedFiles.make(
                in: folder,
                rows: PreparedFiles.rows(700),
                metric: metric,
                embeddingSource: true
            )
            let whole = try ForgedFile(path)
            let end = whole.bytes.count - 8
            var searched = 0
            let rounds = TestSize.rounds(60, long: 2000)
            for round in 0..<rounds {
                var file = whole
                // Few places, a run of them, or nearly all of a section.
                let start = round % 5 == 0 ? 32 : whole.rotation
                let first = start + random.below(end - start - 8) / 4 * 4
                let count = [1, 4, 64, 4096][random.below(4)]
                for i in 0..<count {
                    let place = random.below(3) == 0 ? start + random.below(end - start - 8) / 4 * 4 : first + 8 * i
                    guard place + 8 <= end else { break }
                    switch random.below(4) {
                    case 0: file.put(doubles[random.below(doubles.count)].bitPattern, at: place)
                    case 1: file.put(UInt32(truncatingIfNeeded: random.next()), at: place)
                    default: file.put(floats[random.below(floats.count)].bitPattern, at: place)
                    }
                }
                file.seal()
                try file.write(to: path)
                let prepared: PreparedCorpus
                do {
                    prepared = try PreparedCorpusFile.read(path)
                } catch let error as VectorFileError {
                    #expect(error.path == path && error.code == .refused && error.place != "checksum")
                    continue
                }
                // Where kernels do not take the codes, they are decoded first.
                for level in KernelLevel.available {
                    var options = RunOptions(workers: Workers(count: 2), invalidRows: .skip)
                    options.level = level
                    let carried = try PreparedCorpusReader(path).corpus(for: level)
                    _ = try carried.nearest(to: queries, k: 2, options: options)
                }
                let options = RunOptions(workers: Workers(count: 2), invalidRows: .skip)
                for k in [1, 9] { _ = try prepared.nearest(to: queries, k: k, options: options) }
                _ = try prepared.nearest(to: prepared.vectors, k: 3, excludingSelf: true, options: options)
                _ = try prepared.selfJoin(threshold: 0.5, options: options)
                _ = try prepared.join(from: queries, threshold: 0.5, options: options)
                searched += 1
            }
            #expect(searched > rounds / 12, "\(searched) of \(rounds) were searched")
        }
    }
}

extension VectorMatrix {
    /// The zero row of the test rows becomes another.
    fileprivate var withoutZeroRow: VectorMatrix {
        VectorMatrix(rows: (0..<rowCount).map { $0 == 3 ? self[4] : self[$0] })
    }
}
