// SPDX-License-Identifier: Apache-2.0

internal import System

/// Reads a column of a row group, page by page.
package struct ColumnReader {
    /// A part of a column. Rows of lists may go on in the next page.
    package struct Page: Sendable {
        /// Values, nulls and empty lists.
        package let entryCount: Int
        /// The level of each entry; empty where all are values.
        package let definitions: [UInt8]
        /// The level of the list that each entry goes on in, 0 where a row begins; empty where each is a row.
        package let repetitions: [UInt8]
        package let values: ColumnValues
    }

    private let bytes: SharedBytes
    private let column: ParquetColumn
    private let chunk: ParquetFile.Chunk
    private var place: Int
    private var entriesRead = 0
    private var dictionary: ColumnValues?

    /// Pages of more entries are no work of any writer.
    private static let entryLimit = 1 << 26
    private static let encodings: [Int: String] = [
        0: "PLAIN", 2: "PLAIN_DICTIONARY", 3: "RLE", 4: "BIT_PACKED", 5: "DELTA_BINARY_PACKED",
        6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY", 8: "RLE_DICTIONARY", 9: "BYTE_STREAM_SPLIT",
    ]
    private static let otherCodecs: [Int: String] = [3: "LZO", 4: "BROTLI", 5: "LZ4", 7: "LZ4_RAW"]

    /// - Precondition: there are such a row group and column.
    package init(_ file: ParquetFile, group: Int, column: Int) throws(ParquetError) {
        bytes = file.bytes
        self.column = file.columns[column]
        chunk = file.groups[group].chunks[column]
        place = chunk.range.lowerBound
        guard self.column.maxDefinition < 255 else {
            throw ParquetError("column \(self.column.name) is nested too deeply")
        }
        guard [0, 1, 2, 6].contains(chunk.codec) else {
            throw failure(
                "the codec \(Self.otherCodecs[chunk.codec] ?? "\(chunk.codec)") is not read, only none, SNAPPY, GZIP and ZSTD"
            )
        }
    }

    private func failure(_ message: String) -> ParquetError { ParquetError("column \(column.name): \(message)") }

    /// The next page; nil after the last one.
    package mutating func next() throws(ParquetError) -> Page? {
        while entriesRead < chunk.valueCount {
            guard place < chunk.range.upperBound else {
                throw failure("expected \(chunk.valueCount) entries, found pages of \(entriesRead)")
            }
            let (bytes, start, end) = (bytes, place, chunk.range.upperBound)
            let header: ThriftValue
            var length = 0
            header = try bytes.withBytes { span throws(ParquetError) in
                try ThriftValue.structure(in: span.extracting(start..<end), at: &length)
            }
            let body = start + length
            guard let size = header[3]?.integer, size >= 0, size <= end - body,
                let expanded = header[2]?.integer, expanded >= 0
            else { throw failure("a page is larger than what is there") }
            place = body + size
            switch header[1]?.integer {
            case 0: return try first(header[5], body..<body + size, expanded)
            case 3: return try second(header[8], body..<body + size, expanded)
            case 2:
                guard dictionary == nil, let count = header[7]?[1]?.integer, [0, 2].contains(header[7]?[2]?.integer)
                else { throw failure("a dictionary of an unknown form") }
                let content = try content(body..<body + size, expanded)
                guard count >= 0 else { throw failure("a dictionary of \(count) values") }
                dictionary = try ValueDecoder.plain(column, content.span, count: count)
            case 1: continue  // An index, which nothing here needs.
            default: throw failure("a page of the unknown type \(header[1]?.integer ?? -1)")
            }
        }
        return nil
    }

    /// What is in the bytes of a page.
    private func content(_ range: Range<Int>, _ count: Int) throws(ParquetError) -> [UInt8] {
        guard chunk.codec != 0 else {
            guard range.count == count else { throw failure("a page of \(range.count) bytes is said to have \(count)") }
            return bytes.bytes(in: range)
        }
        let codec: BlockCodec = chunk.codec == 1 ? .snappy : chunk.codec == 2 ? .gzip : .zstd
        do {
            return try bytes.withBytes { span throws(BlockCodec.Failure) in
                try codec.expand(span.extracting(range), to: count)
            }
        } catch {
            switch error {
            case .damaged: throw failure("a page is damaged: it cannot be expanded to its \(count) bytes")
            case .noLibrary(let name):
                throw failure("is compressed, and \(name), which expands it, is not on this machine")
            }
        }
    }

    private mutating func entryCount(_ count: Int?) throws(ParquetError) -> Int {
        guard let count, count >= 0, count <= Self.entryLimit, count <= chunk.valueCount - entriesRead else {
            throw failure("a page of \(count ?? -1) entries, where \(chunk.valueCount - entriesRead) are left")
        }
        entriesRead += count
        return count
    }

    /// A page of the first version: levels and values are compressed together.
    private mutating func first(
        _ header: ThriftValue?,
        _ range: Range<Int>,
        _ expanded: Int
    ) throws(ParquetError) -> Page {
        let count = try entryCount(header?[1]?.integer)
        let content = try content(range, expanded)
        var place = 0
        func levels(_ limit: Int, _ encoding: Int?) throws(ParquetError) -> [UInt8] {
            if limit == 0 { return [] }
            guard encoding == 3 else {
                throw failure(
                    "levels in the encoding \(Self.encodings[encoding ?? -1] ?? "\(encoding ?? -1)") are not read, only RLE"
                )
            }
            guard content.count - place >= 4 else { throw failure("a page ends in its levels") }
            let length = Int(content.span.integer(UInt32.self, at: place))
            guard length <= content.count - place - 4 else { throw failure("a page ends in its levels") }
            defer { place += 4 + length }
            return try Levels.decode(
                content.span.extracting(place + 4..<place + 4 + length),
                width: Levels.width(of: limit),
                count: count,
                limit: limit
            )
        }
        let repetitions = try levels(column.maxRepetition, header?[4]?.integer)
        let definitions = try levels(column.maxDefinition, header?[3]?.integer)
        return try page(
            count,
            definitions,
            repetitions,
            header?[2]?.integer,
            content.span.extracting(place..<content.count)
        )
    }

    /// A page of the second version: levels stand in front, uncompressed.
    private mutating func second(
        _ header: ThriftValue?,
        _ range: Range<Int>,
        _ expanded: Int
    ) throws(ParquetError) -> Page {
        let count = try entryCount(header?[1]?.integer)
        guard let definitionLength = header?[5]?.integer, let repetitionLength = header?[6]?.integer,
            definitionLength >= 0, repetitionLength >= 0, definitionLength <= range.count,
            repetitionLength <= range.count - definitionLength, expanded >= definitionLength + repetitionLength
        else { throw failure("a page has levels of more bytes than it has") }
        func levels(_ limit: Int, _ part: Range<Int>) throws(ParquetError) -> [UInt8] {
            if limit == 0 { return [] }
            return try bytes.withBytes { span throws(ParquetError) in
                try Levels.decode(span.extracting(part), width: Levels.width(of: limit), count: count, limit: limit)
            }
        }
        let middle = range.lowerBound + repetitionLength
        let start = middle + definitionLength
        let repetitions = try levels(column.maxRepetition, range.lowerBound..<middle)
        let definitions = try levels(column.maxDefinition, middle..<start)
        let size = expanded - definitionLength - repetitionLength
        let isCompressed = header?[7]?.flag ?? true
        let values =
            isCompressed && chunk.codec != 0
            ? try content(start..<range.upperBound, size) : bytes.bytes(in: start..<range.upperBound)
        guard values.count == size else { throw failure("a page of \(values.count) bytes is said to have \(size)") }
        return try page(count, definitions, repetitions, header?[4]?.integer, values.span)
    }

    private func page(
        _ count: Int,
        _ definitions: [UInt8],
        _ repetitions: [UInt8],
        _ encoding: Int?,
        _ bytes: borrowing Span<UInt8>
    ) throws(ParquetError) -> Page {
        let limit = UInt8(column.maxDefinition)
        let valueCount = definitions.isEmpty ? count : definitions.count { $0 == limit }
        let values = try values(encoding, bytes, valueCount)
        return Page(
            entryCount: count,
            definitions: valueCount == count ? [] : definitions,
            repetitions: repetitions,
            values: values
        )
    }

    private func values(
        _ encoding: Int?,
        _ bytes: borrowing Span<UInt8>,
        _ count: Int
    ) throws(ParquetError) -> ColumnValues {
        switch (encoding, column.type) {
        case (0, _): return try ValueDecoder.plain(column, bytes, count: count)
        case (2, _), (8, _):
            if count == 0 { return .none(of: column) }
            guard let dictionary, bytes.count > 0 else { throw failure("indices without a dictionary") }
            guard dictionary.count > 0 else { throw failure("indices of a dictionary without values") }
            let indices: [UInt32] = try Levels.decode(
                bytes.extracting(1..<bytes.count),
                width: Int(bytes[0]),
                count: count,
                limit: dictionary.count - 1
            )
            return dictionary.gathered(indices)
        case (3, .boolean):
            guard bytes.count >= 4 else { throw failure("a page ends in its values") }
            let found: [UInt8] = try Levels.decode(bytes.extracting(4..<bytes.count), width: 1, count: count, limit: 1)
            return .fixed(width: 1, bytes: found)
        case (5, .int32), (5, .int64):
            let (found, _) = try ValueDecoder.deltas(bytes, atMost: count)
            guard found.count == count else { throw failure("expected \(count) values, found \(found.count)") }
            var stored: [UInt8] = []
            for value in found {
                if column.type == .int64 {
                    stored.append(littleEndian: value)
                } else {
                    stored.append(littleEndian: Int32(truncatingIfNeeded: value))
                }
            }
            return .fixed(width: column.type == .int64 ? 8 : 4, bytes: stored)
        case (6, .byteArray): return try ValueDecoder.lengthsThenBytes(bytes, count: count)
        case (7, .byteArray), (7, .fixedByteArray):
            return try ValueDecoder.sharedBeginnings(column, bytes, count: count)
        case (9, _): return try ValueDecoder.streams(column, bytes, count: count)
        default:
            throw failure(
                "the encoding \(Self.encodings[encoding ?? -1] ?? "\(encoding ?? -1)") of such values is not read"
            )
        }
    }
}
