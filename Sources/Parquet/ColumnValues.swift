// SPDX-License-Identifier: Apache-2.0

internal import System

/// Values of a column, nulls left out, as they are stored.
package enum ColumnValues: Sendable {
    /// Values of so many bytes each, one after the other; a truth value is a byte.
    case fixed(width: Int, bytes: [UInt8])
    /// Value `i` has `bytes[offsets[i]..<offsets[i + 1]]`.
    case binary(offsets: [Int], bytes: [UInt8])

    /// How many there are.
    package var count: Int {
        switch self {
        case .fixed(let width, let bytes): bytes.count / width
        case .binary(let offsets, _): offsets.count - 1
        }
    }

    /// No values, of the form that those of a column have.
    static func none(of column: ParquetColumn) -> ColumnValues {
        column.width.map { .fixed(width: $0, bytes: []) } ?? .binary(offsets: [0], bytes: [])
    }

    /// Appends a range of others of the same form.
    mutating func append(_ other: ColumnValues, _ range: Range<Int>) {
        switch (self, other) {
        case (.fixed(let width, var mine), .fixed(_, let theirs)):
            self = .fixed(width: width, bytes: [])
            mine += theirs[range.lowerBound * width..<range.upperBound * width]
            self = .fixed(width: width, bytes: mine)
        case (.binary(var offsets, var mine), .binary(let others, let theirs)):
            self = .binary(offsets: [0], bytes: [])
            let shift = mine.count - others[range.lowerBound]
            mine += theirs[others[range.lowerBound]..<others[range.upperBound]]
            for i in range { offsets.append(others[i + 1] + shift) }
            self = .binary(offsets: offsets, bytes: mine)
        default: preconditionFailure("values of another form")
        }
    }

    /// The values of these numbers.
    func gathered(_ indices: [UInt32]) -> ColumnValues {
        switch self {
        case .fixed(let width, let bytes):
            var found: [UInt8] = []
            found.reserveCapacity(indices.count * width)
            for index in indices { found += bytes[Int(index) * width..<(Int(index) + 1) * width] }
            return .fixed(width: width, bytes: found)
        case .binary(let offsets, let bytes):
            var (ends, found): ([Int], [UInt8]) = ([0], [])
            ends.reserveCapacity(indices.count + 1)
            for index in indices {
                found += bytes[offsets[Int(index)]..<offsets[Int(index) + 1]]
                ends.append(found.count)
            }
            return .binary(offsets: ends, bytes: found)
        }
    }

    /// A value of bytes as a text; nil if it is not UTF-8.
    package func text(_ index: Int) -> String? {
        guard case .binary(let offsets, let bytes) = self else { return nil }
        return String(validating: bytes[offsets[index]..<offsets[index + 1]], as: UTF8.self)
    }

    /// Numbers of four or eight bytes as integers.
    package func integer(_ index: Int, isUnsigned: Bool) -> Int64? {
        guard case .fixed(let width, let bytes) = self, width == 4 || width == 8 else { return nil }
        if width == 8 {
            let value = bytes.span.integer(UInt64.self, at: 8 * index)
            return isUnsigned ? Int64(exactly: value) : Int64(bitPattern: value)
        }
        let value = bytes.span.integer(UInt32.self, at: 4 * index)
        return isUnsigned ? Int64(value) : Int64(Int32(bitPattern: value))
    }
}

// MARK: Encodings

/// Reads values in the encodings that pages have.
enum ValueDecoder {
    /// Values one after the other (PLAIN).
    static func plain(
        _ column: ParquetColumn,
        _ bytes: borrowing Span<UInt8>,
        count: Int
    ) throws(ParquetError) -> ColumnValues {
        if column.type == .boolean {
            guard bytes.count >= (count + 7) / 8 else { throw tooFew(column, count) }
            return .fixed(width: 1, bytes: (0..<count).map { bytes[$0 / 8] >> UInt8($0 % 8) & 1 })
        }
        if let width = column.width {
            guard bytes.count / width >= count else { throw tooFew(column, count) }
            return .fixed(width: width, bytes: bytes.copy(0..<count * width))
        }
        var (offsets, found): ([Int], [UInt8]) = ([0], [])
        // Every value says its length in four bytes.
        guard count <= bytes.count / 4 else { throw tooFew(column, count) }
        offsets.reserveCapacity(count + 1)
        found.reserveCapacity(bytes.count - 4 * count)
        var place = 0
        for _ in 0..<count {
            guard bytes.count - place >= 4 else { throw tooFew(column, count) }
            let length = Int(bytes.integer(UInt32.self, at: place))
            place += 4
            guard length <= bytes.count - place else { throw tooFew(column, count) }
            found += bytes.copy(place..<place + length)
            place += length
            offsets.append(found.count)
        }
        return .binary(offsets: offsets, bytes: found)
    }

    private static func tooFew(_ column: ParquetColumn, _ count: Int) -> ParquetError {
        ParquetError("column \(column.name): a page ends before its \(count) values do")
    }

    /// Integers as differences (DELTA_BINARY_PACKED), and the place behind them.
    static func deltas(
        _ bytes: borrowing Span<UInt8>,
        atMost limit: Int
    ) throws(ParquetError) -> (values: [Int64], end: Int) {
        var place = 0
        let blockSize = try ThriftValue.varint(bytes, &place)
        let miniblocks = try ThriftValue.varint(bytes, &place)
        let count = try ThriftValue.varint(bytes, &place)
        guard (1...1 << 16).contains(miniblocks), (1...1 << 24).contains(blockSize), blockSize % miniblocks == 0,
            blockSize / miniblocks % 32 == 0, count <= UInt64(limit)
        else { throw ParquetError("differences in \(blockSize) by \(miniblocks), \(count) of them") }
        var value = try ThriftValue.zigzag(bytes, &place)
        var values: [Int64] = []
        if count > 0 { values.append(value) }
        let size = Int(blockSize / miniblocks)
        while values.count < Int(count) {
            let least = try ThriftValue.zigzag(bytes, &place)
            guard bytes.count - place >= Int(miniblocks) else { throw ParquetError("differences end too soon") }
            let widths = (0..<Int(miniblocks)).map { Int(bytes[place + $0]) }
            place += Int(miniblocks)
            for width in widths where values.count < Int(count) {
                guard width <= 64, bytes.count - place >= size * width / 8 else {
                    throw ParquetError("differences end too soon")
                }
                for i in 0..<min(size, Int(count) - values.count) {
                    value = value &+ least &+ Int64(bitPattern: bits(bytes, place, i * width, width))
                    values.append(value)
                }
                place += size * width / 8
            }
        }
        return (values, place)
    }

    /// `width` bits that begin `first` bits behind a place.
    private static func bits(_ bytes: borrowing Span<UInt8>, _ place: Int, _ first: Int, _ width: Int) -> UInt64 {
        var (value, held): (UInt64, Int) = (0, 0)
        while held < width {
            let bit = first + held
            let part = min(8 - bit % 8, width - held)
            let byte = UInt64(bytes[place + bit / 8]) >> UInt64(bit % 8) & ((1 << UInt64(part)) - 1)
            value |= byte << UInt64(held)
            held += part
        }
        return value
    }

    /// Texts, their lengths first (DELTA_LENGTH_BYTE_ARRAY).
    static func lengthsThenBytes(
        _ bytes: borrowing Span<UInt8>,
        count: Int
    ) throws(ParquetError) -> ColumnValues {
        let (lengths, start) = try deltas(bytes, atMost: count)
        guard lengths.count == count else { throw ParquetError("expected \(count) lengths, found \(lengths.count)") }
        var offsets = [0]
        for length in lengths {
            let end = offsets[offsets.count - 1]
            guard length >= 0, length <= Int64(bytes.count - start - end) else {
                throw ParquetError("a value of \(length) bytes, which are not there")
            }
            offsets.append(end + Int(length))
        }
        return .binary(offsets: offsets, bytes: bytes.copy(start..<start + offsets[count]))
    }

    /// Texts that share their beginnings with the one before (DELTA_BYTE_ARRAY).
    static func sharedBeginnings(
        _ column: ParquetColumn,
        _ bytes: borrowing Span<UInt8>,
        count: Int
    ) throws(ParquetError) -> ColumnValues {
        let (shared, start) = try deltas(bytes, atMost: count)
        guard shared.count == count else { throw ParquetError("expected \(count) lengths, found \(shared.count)") }
        let rest = try lengthsThenBytes(bytes.extracting(start..<bytes.count), count: count)
        guard case .binary(let ends, let suffixes) = rest else { return rest }
        var (offsets, found): ([Int], [UInt8]) = ([0], [])
        for i in 0..<count {
            let before = i == 0 ? 0..<0 : offsets[i - 1]..<offsets[i]
            guard shared[i] >= 0, shared[i] <= Int64(before.count), found.count < 1 << 31 else {
                throw ParquetError("a value shares \(shared[i]) bytes with one of \(before.count)")
            }
            found += found[before.lowerBound..<before.lowerBound + Int(shared[i])]
            found += suffixes[ends[i]..<ends[i + 1]]
            offsets.append(found.count)
        }
        guard let width = column.width else { return .binary(offsets: offsets, bytes: found) }
        guard zip(offsets, offsets.dropFirst()).allSatisfy({ $1 - $0 == width }) else {
            throw ParquetError("column \(column.name): expected values of \(width) bytes")
        }
        return .fixed(width: width, bytes: found)
    }

    /// The first bytes of all values, then the second ones (BYTE_STREAM_SPLIT).
    static func streams(
        _ column: ParquetColumn,
        _ bytes: borrowing Span<UInt8>,
        count: Int
    ) throws(ParquetError) -> ColumnValues {
        guard let width = column.width, column.type != .boolean else {
            throw ParquetError("column \(column.name): byte streams of values without a width")
        }
        guard bytes.count / width >= count else { throw tooFew(column, count) }
        var found = [UInt8](repeating: 0, count: count * width)
        for byte in 0..<width { for i in 0..<count { found[i * width + byte] = bytes[byte * count + i] } }
        return .fixed(width: width, bytes: found)
    }
}
