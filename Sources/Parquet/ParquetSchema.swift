// SPDX-License-Identifier: Apache-2.0

/// How the values of a column are stored.
package enum PhysicalType: Int, Sendable {
    case boolean, int32, int64, int96, float, double, byteArray, fixedByteArray

    /// Bytes of a value where all have the same number; nil for those that say theirs, or whose column says it.
    var width: Int? {
        switch self {
        case .boolean: 1
        case .int32, .float: 4
        case .int64, .double: 8
        case .int96: 12
        case .byteArray, .fixedByteArray: nil
        }
    }
}

/// A column of values: a leaf of the schema.
package struct ParquetColumn: Sendable {
    /// What values mean, as far as it matters here.
    package enum Meaning: Sendable {
        case none, text, float16, unsigned
    }

    /// The names from the top to the leaf.
    package let path: [String]
    package let type: PhysicalType
    /// Bytes of a value of ``PhysicalType/fixedByteArray``.
    package let typeLength: Int
    package let meaning: Meaning
    /// The level of a value that is there; lower ones are those of nulls.
    package let maxDefinition: Int
    /// How many lists the column is in.
    package let maxRepetition: Int
    /// The level from which on an entry is an element of the innermost list, if there is one: one less is an empty list, and what is below that a null.
    package let elementDefinition: Int

    /// Bytes of a value, where all have the same number.
    package var width: Int? { type == .fixedByteArray ? typeLength : type.width }

    package var name: String { path.joined(separator: ".") }
}

/// The columns that a schema describes.
struct ParquetSchema: Sendable {
    /// The elements as they are stored, which a copy has as well.
    let elements: [ThriftValue]
    private(set) var columns: [ParquetColumn] = []

    private static let depthLimit = 32

    init(_ elements: [ThriftValue]) throws(ParquetError) {
        self.elements = elements
        guard let root = elements.first else { throw ParquetError("the schema is empty") }
        var next = 1
        try add(root[5]?.integer ?? 0, [], 0, 0, 0, &next)
        guard next == elements.count else { throw ParquetError("the schema has elements that are in no group") }
    }

    private mutating func add(
        _ childCount: Int,
        _ path: [String],
        _ definition: Int,
        _ repetition: Int,
        _ elementDefinition: Int,
        _ next: inout Int
    ) throws(ParquetError) {
        guard path.count < Self.depthLimit else { throw ParquetError("the schema is nested too deeply") }
        guard childCount >= 0, childCount <= elements.count - next else {
            throw ParquetError("the schema has a group of \(childCount) members, which are not there")
        }
        for _ in 0..<childCount {
            guard next < elements.count else { throw ParquetError("the schema ends too soon") }
            let element = elements[next]
            next += 1
            guard let name = element[4]?.text else { throw ParquetError("the schema has an element without a name") }
            var (definition, repetition, elementDefinition) = (definition, repetition, elementDefinition)
            switch element[3]?.integer ?? 0 {
            case 0: break
            case 1: definition += 1
            case 2:
                definition += 1
                repetition += 1
                elementDefinition = definition
            case let other: throw ParquetError("column \(name) has the unknown repetition \(other)")
            }
            if let count = element[5]?.integer, element[1] == nil {
                try add(count, path + [name], definition, repetition, elementDefinition, &next)
                continue
            }
            guard let type = element[1]?.integer.flatMap({ PhysicalType(rawValue: $0) }) else {
                throw ParquetError("column \(name) has no type that is known")
            }
            let length = element[2]?.integer ?? 0
            guard type != .fixedByteArray || (1...1 << 20).contains(length) else {
                throw ParquetError("column \(name) has values of \(length) bytes")
            }
            columns.append(
                ParquetColumn(
                    path: path + [name],
                    type: type,
                    typeLength: length,
                    meaning: Self.meaning(element, type, length),
                    maxDefinition: definition,
                    maxRepetition: repetition,
                    elementDefinition: elementDefinition
                )
            )
        }
    }

    private static func meaning(_ element: ThriftValue, _ type: PhysicalType, _ length: Int) -> ParquetColumn.Meaning {
        let converted = element[6]?.integer
        let logical = element[10]
        switch type {
        // UTF8, ENUM and JSON are texts; STRING, ENUM and JSON in the newer form.
        case .byteArray where [0, 4, 19].contains(converted ?? -1) || [1, 4, 12].contains { logical?[$0] != nil }:
            return .text
        case .fixedByteArray where length == 2 && logical?[15] != nil: return .float16
        case .int32, .int64:
            // UINT_8 to UINT_64; or INTEGER with its sign off.
            let isUnsigned = (11...14).contains(converted ?? -1) || logical?[10]?[2]?.flag == false
            return isUnsigned ? .unsigned : .none
        default: return .none
        }
    }
}
