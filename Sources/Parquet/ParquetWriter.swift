// SPDX-License-Identifier: Apache-2.0

internal import System

/// Writes a Parquet file: plain values in data pages of the first version, compressed by zstd where that is on the machine, so that every reader reads it.
///
/// Columns of a group of rows are appended in any order, a page at a time; ``endRowGroup(rowCount:)`` puts them one behind the other. What is to be written
/// is taken with ``drain()``.
package struct ParquetWriter {
    /// A field of rows that are made here.
    package struct Field: Sendable {
        /// What its values are.
        package enum Kind: Sendable {
            case int64, float, text
        }

        let name: String
        let kind: Kind
        /// Whether there may be nulls.
        let isOptional: Bool
        /// Whether each row has a list of values, none of them null.
        let isList: Bool

        package init(_ name: String, _ kind: Kind, isOptional: Bool = false, isList: Bool = false) {
            self.name = name
            self.kind = kind
            self.isOptional = isOptional
            self.isList = isList
        }
    }

    /// A column of the group of rows that is being written.
    private struct Part {
        var pages: [UInt8] = []
        var entryCount = 0
        var expandedSize = 0
    }

    package let columns: [ParquetColumn]
    private let schema: [ThriftValue]
    private let keyValues: ThriftValue?
    private let creator: String
    private let compresses: Bool
    private var pending = Array("PAR1".utf8)
    private var offset = 4
    private var parts: [Part]
    private var groups: [ThriftValue] = []
    private var rowCount = 0

    /// - Parameter creator: The program, for people.
    package init(_ fields: [Field], creator: String) {
        var elements = [ThriftValue.structure([(4, .text("schema")), (5, .int32(fields.count))])]
        for field in fields { elements += Self.elements(field) }
        do {
            self.init(try ParquetSchema(elements), keyValues: nil, creator: creator)
        } catch {
            preconditionFailure("the fields are no schema: \(error)")
        }
    }

    /// For rows of another file, with all that its schema says.
    package init(likeRowsOf file: ParquetFile, creator: String) {
        self.init(file.schema, keyValues: file.keyValues, creator: creator)
    }

    private init(_ schema: ParquetSchema, keyValues: ThriftValue?, creator: String) {
        columns = schema.columns
        self.schema = schema.elements
        self.keyValues = keyValues
        self.creator = creator
        compresses = BlockCodec.compressed([0]) != nil
        parts = columns.map { _ in Part() }
    }

    private static func elements(_ field: Field) -> [ThriftValue] {
        let type: PhysicalType =
            switch field.kind {
            case .int64: .int64
            case .float: .float
            case .text: .byteArray
            }
        // 0 is required, 1 optional, 2 repeated.
        func leaf(_ name: String, isOptional: Bool) -> ThriftValue {
            .structure([
                (1, .int32(type.rawValue)), (3, .int32(isOptional ? 1 : 0)), (4, .text(name)),
                (6, field.kind == .text ? .int32(0) : nil),
                (10, field.kind == .text ? .structure([(1, .empty)]) : nil),
            ])
        }
        guard field.isList else { return [leaf(field.name, isOptional: field.isOptional)] }
        return [
            .structure([
                (3, .int32(field.isOptional ? 1 : 0)), (4, .text(field.name)), (5, .int32(1)), (6, .int32(3)),
                (10, .structure([(3, .empty)])),
            ]), .structure([(3, .int32(2)), (4, .text("list")), (5, .int32(1))]), leaf("element", isOptional: false),
        ]
    }

    /// Bytes of the group of rows that is being written.
    package var groupSize: Int { parts.reduce(0) { $0 + $1.expandedSize } }

    /// What is to be written next.
    package mutating func drain() -> [UInt8] {
        defer { pending.removeAll() }
        return pending
    }

    /// Appends a page to a column.
    ///
    /// - Parameters:
    ///   - definitions: A level an entry; empty where all are values.
    ///   - repetitions: A level an entry, for columns of lists; empty where each entry begins a row.
    package mutating func append(
        _ column: Int,
        entryCount: Int,
        definitions: [UInt8] = [],
        repetitions: [UInt8] = [],
        _ values: ColumnValues
    ) {
        if entryCount == 0 { return }
        let form = columns[column]
        var page: [UInt8] = []
        func add(_ levels: [UInt8], _ limit: Int, _ all: UInt8) {
            if limit == 0 { return }
            let levels = levels.isEmpty ? [UInt8](repeating: all, count: entryCount) : levels
            precondition(levels.count == entryCount, "a level for each entry")
            let bytes = Levels.encode(levels, width: Levels.width(of: limit))
            page.append(littleEndian: UInt32(bytes.count))
            page += bytes
        }
        add(repetitions, form.maxRepetition, 0)
        add(definitions, form.maxDefinition, UInt8(form.maxDefinition))
        switch values {
        case .fixed(_, let bytes) where form.type == .boolean:
            var packed = [UInt8](repeating: 0, count: (bytes.count + 7) / 8)
            for (i, bit) in bytes.enumerated() { packed[i / 8] |= (bit & 1) << UInt8(i % 8) }
            page += packed
        case .fixed(_, let bytes): page += bytes
        case .binary(let offsets, let bytes):
            page.reserveCapacity(page.count + bytes.count + 4 * offsets.count)
            for (start, end) in zip(offsets, offsets.dropFirst()) {
                page.append(littleEndian: UInt32(end - start))
                page += bytes[start..<end]
            }
        }
        let stored = compresses ? BlockCodec.compressed(page) ?? page : page
        let header = ThriftValue.structure([
            (1, .int32(0)), (2, .int32(page.count)), (3, .int32(stored.count)),
            (5, .structure([(1, .int32(entryCount)), (2, .int32(0)), (3, .int32(3)), (4, .int32(3))])),
        ]).bytes
        parts[column].pages += header + stored
        parts[column].entryCount += entryCount
        parts[column].expandedSize += header.count + page.count
    }

    /// Ends a group of rows.
    package mutating func endRowGroup(rowCount count: Int) {
        if count == 0 { return }
        var chunks: [ThriftValue] = []
        for (i, part) in parts.enumerated() {
            let metadata = ThriftValue.structure([
                (1, .int32(columns[i].type.rawValue)), (2, .list([.int32(0), .int32(3)], type: 5)),
                (3, .list(columns[i].path.map { .text($0) }, type: 8)), (4, .int32(compresses ? 6 : 0)),
                (5, .int64(part.entryCount)), (6, .int64(part.expandedSize)), (7, .int64(part.pages.count)),
                (9, .int64(offset)),
            ])
            chunks.append(.structure([(2, .int64(offset)), (3, metadata)]))
            offset += part.pages.count
            pending += part.pages
        }
        groups.append(
            .structure([(1, .list(chunks, type: 12)), (2, .int64(groupSize)), (3, .int64(count))])
        )
        rowCount += count
        parts = columns.map { _ in Part() }
    }

    /// Writes the footer; every group has ended.
    package mutating func finish() {
        let footer = ThriftValue.structure([
            (1, .int32(2)), (2, .list(schema, type: 12)), (3, .int64(rowCount)), (4, .list(groups, type: 12)),
            (5, keyValues), (6, .text(creator)),
        ]).bytes
        pending += footer
        pending.append(littleEndian: UInt32(footer.count))
        pending += Array("PAR1".utf8)
    }
}

extension ParquetWriter {
    /// Appends the rows of a group of another file that are kept, all columns.
    ///
    /// - Parameter isKept: A flag for each row of the group.
    /// - Throws: ``ParquetError`` if a column cannot be read, or has another number of rows.
    package mutating func append(rowsOf file: ParquetFile, group: Int, isKept: [Bool]) throws(ParquetError) {
        for column in columns.indices {
            var reader = try ColumnReader(file, group: group, column: column)
            var row = -1
            while let page = try reader.next() {
                try append(page, column, isKept, &row)
            }
            guard row == isKept.count - 1 else {
                throw ParquetError("column \(columns[column].name): expected \(isKept.count) rows, found \(row + 1)")
            }
        }
        endRowGroup(rowCount: isKept.count { $0 })
    }

    private mutating func append(
        _ page: ColumnReader.Page,
        _ column: Int,
        _ isKept: [Bool],
        _ row: inout Int
    ) throws(ParquetError) {
        var (definitions, repetitions): ([UInt8], [UInt8]) = ([], [])
        var values = ColumnValues.none(of: columns[column])
        let limit = UInt8(columns[column].maxDefinition)
        var (entryCount, place, runStart) = (0, 0, 0)
        var wasKept = false
        for entry in 0..<page.entryCount {
            if page.repetitions.isEmpty || page.repetitions[entry] == 0 { row += 1 }
            guard row >= 0, row < isKept.count else {
                throw ParquetError(
                    "column \(columns[column].name): expected \(isKept.count) rows, found another number"
                )
            }
            // Values of rows that are next to each other are moved at once.
            if isKept[row] != wasKept {
                if wasKept { values.append(page.values, runStart..<place) }
                (wasKept, runStart) = (!wasKept, place)
            }
            let isValue = page.definitions.isEmpty || page.definitions[entry] == limit
            if isKept[row] {
                entryCount += 1
                if !page.definitions.isEmpty { definitions.append(page.definitions[entry]) }
                if !page.repetitions.isEmpty { repetitions.append(page.repetitions[entry]) }
            }
            if isValue { place += 1 }
        }
        if wasKept { values.append(page.values, runStart..<place) }
        append(column, entryCount: entryCount, definitions: definitions, repetitions: repetitions, values)
    }
}
