// SPDX-License-Identifier: Apache-2.0

internal import System

/// Small numbers in runs and packed bits, as levels, dictionary indices and truth values are stored (the encoding RLE).
enum Levels {
    /// Reads `count` numbers of `width` bits.
    ///
    /// - Throws: if there are fewer, or one is above `limit`.
    static func decode<Number: FixedWidthInteger & UnsignedInteger>(
        _ bytes: borrowing Span<UInt8>,
        width: Int,
        count: Int,
        limit: Int,
        as type: Number.Type = Number.self
    ) throws(ParquetError) -> [Number] {
        if width == 0 { return Array(repeating: 0, count: count) }
        var values: [Number] = []
        values.reserveCapacity(count)
        guard width <= 32 else { throw ParquetError("numbers of \(width) bits") }
        var place = 0
        let byteWidth = (width + 7) / 8
        while values.count < count {
            let head = try ThriftValue.varint(bytes, &place)
            if head & 1 == 0 {
                guard bytes.count - place >= byteWidth else { throw ParquetError("a run ends too soon") }
                var value: UInt32 = 0
                for i in 0..<byteWidth { value |= UInt32(bytes[place + i]) << UInt32(8 * i) }
                place += byteWidth
                guard value <= limit else { throw tooLarge(value, limit) }
                let run = min(head >> 1, UInt64(count - values.count))
                guard run > 0 else { throw ParquetError("a run of no numbers") }
                values.append(contentsOf: repeatElement(Number(truncatingIfNeeded: value), count: Int(run)))
            } else {
                // Groups of eight; the last may be cut short of what nobody asks for.
                let groups = head >> 1
                guard groups > 0, groups <= UInt64(bytes.count) else { throw ParquetError("a run of too many numbers") }
                let wanted = min(Int(groups) * 8, count - values.count)
                guard bytes.count - place >= (wanted * width + 7) / 8 else { throw ParquetError("a run ends too soon") }
                try unpack(bytes, place, width: width, count: wanted, limit: limit, into: &values)
                place = min(place + Int(groups) * width, bytes.count)
            }
        }
        return values
    }

    private static func tooLarge(_ value: UInt32, _ limit: Int) -> ParquetError {
        ParquetError("expected a level or an index of at most \(limit), found \(value)")
    }

    private static func unpack<Number: FixedWidthInteger & UnsignedInteger>(
        _ bytes: borrowing Span<UInt8>,
        _ start: Int,
        width: Int,
        count: Int,
        limit: Int,
        into values: inout [Number]
    ) throws(ParquetError) {
        var (buffer, held, place): (UInt64, Int, Int) = (0, 0, start)
        let mask = (UInt64(1) << UInt64(width)) - 1
        var largest: UInt32 = 0
        for _ in 0..<count {
            while held < width {
                buffer |= UInt64(bytes[place]) << UInt64(held)
                place += 1
                held += 8
            }
            let value = UInt32(truncatingIfNeeded: buffer & mask)
            largest = max(largest, value)
            values.append(Number(truncatingIfNeeded: value))
            buffer >>= UInt64(width)
            held -= width
        }
        guard largest <= limit else { throw tooLarge(largest, limit) }
    }

    /// The bits of a number of at most so much.
    static func width(of limit: Int) -> Int { Int.bitWidth - limit.leadingZeroBitCount }

    /// The bytes of numbers, in runs where eight or more are equal.
    static func encode(_ values: [UInt8], width: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var place = 0
        func runLength(at start: Int) -> Int {
            var end = start + 1
            while end < values.count, values[end] == values[start] { end += 1 }
            return end - start
        }
        while place < values.count {
            let run = runLength(at: place)
            if run >= 8 || place + run == values.count {
                ThriftValue.append(varint: UInt64(run) << 1, to: &bytes)
                for i in 0..<(width + 7) / 8 {
                    bytes.append(UInt8(truncatingIfNeeded: UInt32(values[place]) >> UInt32(8 * i)))
                }
                place += run
                continue
            }
            // Groups of eight until a long run begins.
            var groups = 0
            var end = place
            while end + 8 <= values.count, groups < 1 << 20, groups == 0 || runLength(at: end) < 16 {
                end += 8
                groups += 1
            }
            if groups == 0 {
                end = values.count
                groups = 1
            }
            ThriftValue.append(varint: UInt64(groups) << 1 | 1, to: &bytes)
            var (buffer, held): (UInt64, Int) = (0, 0)
            for i in place..<place + 8 * groups {
                buffer |= UInt64(i < values.count ? values[i] : 0) << UInt64(held)
                held += width
                while held >= 8 {
                    bytes.append(UInt8(truncatingIfNeeded: buffer))
                    buffer >>= 8
                    held -= 8
                }
            }
            place = end
        }
        return bytes
    }
}
