// SPDX-License-Identifier: Apache-2.0

// Parquet files that pyarrow has written (Fixtures/make.py): their columns, copies of some of their rows, what is refused by name; and each of them with
// every byte changed and every length cut, which must be read or refused, and never end the process.

import Foundation
import Parquet
import System
import Testing

@Suite struct ParquetTests {
    private struct Expected: Decodable {
        let id: [Int64]
        let text: [String?]
        let embedding: [[Float]?]
    }

    private static let readable = [
        "plain-v1", "plain-v2", "dictionary-snappy", "halves-gzip", "zstd-v2", "delta", "lengths",
    ]

    private static func bytes(_ name: String) throws -> [UInt8] {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures"))
        return [UInt8](try Data(contentsOf: url))
    }

    private static func file(_ bytes: [UInt8]) throws(ParquetError) -> ParquetFile {
        try ParquetFile(SharedBytes(copying: bytes))
    }

    private func expected() throws -> Expected {
        try JSONDecoder().decode(Expected.self, from: Data(Self.bytes("expected.json")))
    }

    /// The rows of a column that is in one list at most; nil for a null.
    private static func rows<T>(
        _ file: ParquetFile,
        _ name: String,
        _ value: (ColumnValues, Int) -> T
    ) throws -> [[T]?] {
        let column = try #require(file.column(named: name))
        let form = file.columns[column]
        var rows: [[T]?] = []
        for group in 0..<file.rowGroupCount {
            var reader = try ColumnReader(file, group: group, column: column)
            while let page = try reader.next() {
                var place = 0
                for entry in 0..<page.entryCount {
                    let level = page.definitions.isEmpty ? form.maxDefinition : Int(page.definitions[entry])
                    if page.repetitions.isEmpty || page.repetitions[entry] == 0 {
                        let isList = form.maxRepetition > 0
                        rows.append(
                            level == form.maxDefinition || isList && level >= form.elementDefinition - 1 ? [] : nil
                        )
                    }
                    if level == form.maxDefinition {
                        rows[rows.count - 1]?.append(value(page.values, place))
                        place += 1
                    }
                }
            }
        }
        return rows
    }

    private static func float(_ values: ColumnValues, _ index: Int) -> Float {
        guard case .fixed(let width, let bytes) = values else { return .nan }
        switch width {
        case 4: return Float(bitPattern: bytes.span.integer(at: 4 * index))
        case 8: return Float(Double(bitPattern: bytes.span.integer(at: 8 * index)))
        default:
            let half: UInt16 = bytes.span.integer(at: 2 * index)
            let (exponent, fraction) = (Int(half >> 10 & 31), Float(half & 1023) / 1024)
            let size =
                exponent == 0
                ? fraction * 0x1p-14 : (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
            return half >> 15 == 1 ? -size : size
        }
    }

    private func check(_ file: ParquetFile, rows kept: [Int]) throws {
        let expected = try expected()
        #expect(file.rowCount == kept.count)
        #expect(
            try Self.rows(file, "id") { $0.integer($1, isUnsigned: false) ?? 0 }.map { $0?.first }
                == kept.map { expected.id[$0] }
        )
        #expect(try Self.rows(file, "text") { $0.text($1) ?? "?" }.map { $0?.first } == kept.map { expected.text[$0] })
        #expect(try Self.rows(file, "embedding", Self.float) == kept.map { expected.embedding[$0] })
    }

    @Test(arguments: readable) func `columns are read`(name: String) throws {
        try check(try Self.file(try Self.bytes("\(name).parquet")), rows: Array(0..<21))
    }

    @Test(arguments: readable) func `some rows are copied with all their columns`(name: String) throws {
        let source = try Self.file(try Self.bytes("\(name).parquet"))
        for kept in [[Int](), Array(0..<21), [0], [20], [1, 3, 4, 5, 11, 20], Array(5..<17)] {
            var writer = ParquetWriter(likeRowsOf: source, creator: "tests")
            var first = 0
            for group in 0..<source.rowGroupCount {
                let count = source.rowCount(ofGroup: group)
                try writer.append(
                    rowsOf: source,
                    group: group,
                    isKept: (first..<first + count).map { kept.contains($0) }
                )
                first += count
            }
            writer.finish()
            let copy = try Self.file(writer.drain())
            try check(copy, rows: kept)
            // Columns that nothing here reads, entry for entry.
            for name in ["nested.list.element.b.list.element", "flag", "amount"] {
                let all = try Self.rows(source, name) { "\($0.count):\($1)" }.count
                let some = try Self.rows(copy, name) { "\($0.count):\($1)" }.count
                #expect(all == 21 && some == kept.count, "\(name)")
            }
        }
    }

    @Test func `what is made here is read here`() throws {
        var writer = ParquetWriter(
            [
                .init("n", .int64), .init("t", .text, isOptional: true), .init("v", .float, isList: true),
            ],
            creator: "tests"
        )
        for group in 0..<2 {
            writer.append(
                0,
                entryCount: 2,
                .fixed(width: 8, bytes: Int64(group).littleEndianBytes + Int64(-1).littleEndianBytes)
            )
            writer.append(1, entryCount: 2, definitions: [1, 0], .binary(offsets: [0, 2], bytes: Array("é".utf8)))
            writer.append(
                2,
                entryCount: 3,
                repetitions: [0, 1, 0],
                .fixed(width: 4, bytes: [Float(1), 2, 3].flatMap { $0.bitPattern.littleEndianBytes })
            )
            writer.endRowGroup(rowCount: 2)
        }
        writer.finish()
        let file = try Self.file(writer.drain())
        #expect(file.fieldNames == ["n", "t", "v"] && file.rowCount == 4)
        #expect(try Self.rows(file, "n") { $0.integer($1, isUnsigned: false) ?? 0 } == [[0], [-1], [1], [-1]])
        #expect(try Self.rows(file, "t") { $0.text($1) ?? "" } == [["é"], nil, ["é"], nil])
        #expect(try Self.rows(file, "v", Self.float) == [[1, 2], [3], [1, 2], [3]])
    }

    @Test func `what is not read is refused by name`() throws {
        let brotli = try Self.file(try Self.bytes("brotli.parquet"))
        let error = #expect(throws: ParquetError.self) { try ColumnReader(brotli, group: 0, column: 0) }
        #expect(error?.message.contains("BROTLI") == true && error?.message.contains("column id") == true)
        var encrypted = try Self.bytes("plain-v1.parquet")
        encrypted[encrypted.count - 1] = UInt8(ascii: "E")
        #expect(throws: ParquetError.self) { try Self.file(encrypted) }
        #expect(throws: ParquetError.self) { try Self.file([]) }
        #expect(throws: ParquetError.self) { try Self.file(Array("PAR1PAR1PAR1".utf8)) }
        #expect(try Self.file(try Self.bytes("empty.parquet")).rowCount == 0)
        // Lists in lists, half a million deep, and structures in structures.
        for byte: UInt8 in [0x19, 0x1C] {
            let footer = [UInt8](repeating: byte, count: 500_000)
            let deep = Array("PAR1".utf8) + footer + UInt32(footer.count).littleEndianBytes + Array("PAR1".utf8)
            let error = #expect(throws: ParquetError.self) { try Self.file(deep) }
            #expect(error?.message.contains("too deeply") == true)
        }
    }

    /// Reads everything that there is to read; gives whether it was refused.
    private static func isRefused(_ bytes: [UInt8]) -> Bool {
        do {
            let file = try file(bytes)
            for group in 0..<file.rowGroupCount {
                for column in file.columns.indices {
                    var reader = try ColumnReader(file, group: group, column: column)
                    while try reader.next() != nil {}
                }
            }
            return false
        } catch {
            return true
        }
    }

    @Test(arguments: readable) func `a damaged file is refused, or read, and does no harm`(name: String) throws {
        let good = try Self.bytes("\(name).parquet")
        #expect(!Self.isRefused(good))
        for length in 0..<good.count { #expect(Self.isRefused(Array(good[..<length])), "\(length)") }
        let isLong = ProcessInfo.processInfo.environment["SIMILE_LONG_TESTS"] != nil
        let changes: [UInt8] = isLong ? [0x01, 0x04, 0x80, 0xFF] : [0xFF]
        var refused = 0
        for place in good.indices {
            for change in changes {
                var bad = good
                bad[place] ^= change
                if Self.isRefused(bad) { refused += 1 }
            }
        }
        // Values may have changed without anybody noticing; what holds them together may not.
        #expect(refused > good.count * changes.count / 6, "\(refused) of \(good.count * changes.count)")
    }
}

@Suite struct BlockCodecTests {
    @Test func `snappy blocks are those of the description`() throws {
        // A literal of five bytes, a copy of six with the offset 2, which runs into itself, and one of four with a long offset.
        let block: [UInt8] = [15, 4 << 2] + Array("abcde".utf8) + [(6 - 4) << 2 | 1, 2, (4 - 1) << 2 | 2, 11, 0]
        let found = try BlockCodec.snappy.expand(block.span, to: 15)
        #expect(String(decoding: found, as: UTF8.self) == "abcdedededeabcd")
        for bad in [[], [15], [15, 4 << 2, 97], [2, 0, 97, 1, 5], [255, 255, 255, 255, 255], [4, 1, 0]] as [[UInt8]] {
            #expect(throws: BlockCodec.Failure.self) { try BlockCodec.snappy.expand(bad.span, to: 15) }
        }
        #expect(try BlockCodec.snappy.expand([0].span, to: 0) == [])
    }

    @Test func `zstd comes back, and damage is told`() throws {
        for bytes in [[], [7], [UInt8](repeating: 3, count: 100_000)] as [[UInt8]] {
            let frame = try #require(BlockCodec.compressed(bytes))
            #expect(try BlockCodec.zstd.expand(frame.span, to: bytes.count) == bytes)
            #expect(throws: BlockCodec.Failure.self) { try BlockCodec.zstd.expand(frame.span, to: bytes.count + 1) }
            #expect(throws: BlockCodec.Failure.self) { try BlockCodec.gzip.expand(frame.span, to: bytes.count) }
        }
    }
}
