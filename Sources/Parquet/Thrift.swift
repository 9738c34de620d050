// SPDX-License-Identifier: Apache-2.0

internal import System

/// A value of the compact protocol of Thrift, in which Parquet keeps its metadata: enough of it to be read, changed and written again.
///
/// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
package indirect enum ThriftValue: Sendable {
    case bool(Bool)
    /// `type` is what the protocol calls it: 3 to 6 for one to eight bytes.
    case integer(Int64, type: UInt8)
    case double(UInt64)
    case binary([UInt8])
    case list([ThriftValue], type: UInt8)
    case structure([Field])

    package struct Field: Sendable {
        let id: Int
        let value: ThriftValue
    }

    static func int32(_ value: Int) -> ThriftValue { .integer(Int64(value), type: 5) }
    static func int64(_ value: Int) -> ThriftValue { .integer(Int64(value), type: 6) }
    static var empty: ThriftValue { .structure([Field]()) }
    static func text(_ text: String) -> ThriftValue { .binary(Array(text.utf8)) }

    /// A structure of the fields that there are, by ascending ids.
    static func structure(_ fields: [(Int, ThriftValue?)]) -> ThriftValue {
        .structure(fields.compactMap { id, value in value.map { Field(id: id, value: $0) } })
    }

    /// A field of a structure.
    subscript(_ id: Int) -> ThriftValue? {
        guard case .structure(let fields) = self else { return nil }
        return fields.first { $0.id == id }?.value
    }

    /// The number, if it is an integer of a size that can be counted with.
    var integer: Int? {
        guard case .integer(let value, _) = self else { return nil }
        return Int(value)
    }

    var flag: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    var elements: [ThriftValue]? {
        guard case .list(let values, _) = self else { return nil }
        return values
    }

    var text: String? {
        guard case .binary(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    fileprivate var type: UInt8 {
        switch self {
        case .bool(let value): value ? 1 : 2
        case .integer(_, let type): type
        case .double: 7
        case .binary: 8
        case .list: 9
        case .structure: 12
        }
    }
}

// MARK: Reading

extension ThriftValue {
    /// Deeper nesting is no metadata of Parquet.
    private static let depthLimit = 24

    /// Reads a structure that begins at `place`, and moves `place` behind it.
    static func structure(
        in bytes: borrowing Span<UInt8>,
        at place: inout Int,
        depth: Int = 0
    ) throws(ParquetError) -> ThriftValue {
        guard depth < depthLimit else { throw ParquetError("metadata is nested too deeply") }
        var fields: [Field] = []
        var id = 0
        while true {
            let head = try byte(bytes, &place)
            if head == 0 { return .structure(fields) }
            let delta = Int(head >> 4)
            id = delta == 0 ? Int(Int16(truncatingIfNeeded: try zigzag(bytes, &place))) : id + delta
            fields.append(Field(id: id, value: try value(head & 15, bytes, &place, depth: depth)))
        }
    }

    private static func value(
        _ type: UInt8,
        _ bytes: borrowing Span<UInt8>,
        _ place: inout Int,
        depth: Int
    ) throws(ParquetError) -> ThriftValue {
        // Lists of lists go down here, without a structure between them.
        guard depth <= depthLimit else { throw ParquetError("metadata is nested too deeply") }
        switch type {
        case 1, 2: return .bool(type == 1)
        case 3: return .integer(Int64(Int8(bitPattern: try byte(bytes, &place))), type: 3)
        case 4, 5, 6: return .integer(try zigzag(bytes, &place), type: type)
        case 7:
            guard bytes.count - place >= 8 else { throw cut }
            place += 8
            return .double(bytes.integer(at: place - 8))
        case 8:
            let count = try varint(bytes, &place)
            guard count <= UInt64(bytes.count - place) else { throw cut }
            let start = place
            place += Int(count)
            return .binary((start..<place).map { bytes[$0] })
        case 9, 10:
            let head = try byte(bytes, &place)
            let count = head >> 4 == 15 ? try varint(bytes, &place) : UInt64(head >> 4)
            // An element takes a byte at least.
            guard count <= UInt64(bytes.count - place) else { throw cut }
            var values: [ThriftValue] = []
            values.reserveCapacity(Int(count))
            for _ in 0..<Int(count) {
                // In a list a truth value is a byte.
                let element = head & 15
                values.append(
                    element <= 2
                        ? .bool(try byte(bytes, &place) == 1) : try value(element, bytes, &place, depth: depth + 1)
                )
            }
            return .list(values, type: head & 15)
        case 12: return try structure(in: bytes, at: &place, depth: depth + 1)
        default: throw ParquetError("metadata has a value of the unknown type \(type)")
        }
    }

    private static let cut = ParquetError("metadata ends too soon")

    private static func byte(_ bytes: borrowing Span<UInt8>, _ place: inout Int) throws(ParquetError) -> UInt8 {
        guard place < bytes.count else { throw cut }
        place += 1
        return bytes[place - 1]
    }

    static func varint(_ bytes: borrowing Span<UInt8>, _ place: inout Int) throws(ParquetError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte(bytes, &place)
            guard shift < 64 else { throw ParquetError("a number has more than 64 bits") }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    static func zigzag(_ bytes: borrowing Span<UInt8>, _ place: inout Int) throws(ParquetError) -> Int64 {
        let value = try varint(bytes, &place)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

// MARK: Writing

extension ThriftValue {
    /// The bytes of the value.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        switch self {
        case .bool: break
        case .integer(let value, let type):
            if type == 3 {
                bytes.append(UInt8(truncatingIfNeeded: value))
            } else {
                Self.append(zigzag: value, to: &bytes)
            }
        case .double(let bits): bytes.append(littleEndian: bits)
        case .binary(let content):
            Self.append(varint: UInt64(content.count), to: &bytes)
            bytes += content
        case .list(let values, let type):
            if values.count < 15 {
                bytes.append(UInt8(values.count) << 4 | type)
            } else {
                bytes.append(0xF0 | type)
                Self.append(varint: UInt64(values.count), to: &bytes)
            }
            for value in values {
                if case .bool(let flag) = value { bytes.append(flag ? 1 : 2) } else { value.append(to: &bytes) }
            }
        case .structure(let fields):
            var last = 0
            for field in fields {
                let delta = field.id - last
                if (1...15).contains(delta) {
                    bytes.append(UInt8(delta) << 4 | field.value.type)
                } else {
                    bytes.append(field.value.type)
                    Self.append(zigzag: Int64(field.id), to: &bytes)
                }
                last = field.id
                field.value.append(to: &bytes)
            }
            bytes.append(0)
        }
    }

    static func append(varint value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func append(zigzag value: Int64, to bytes: inout [UInt8]) {
        append(varint: UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
    }
}
