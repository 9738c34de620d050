// SPDX-License-Identifier: Apache-2.0

internal import Parquet
internal import Similarity
internal import System

/// Writes rows of columns that are made here: results, and vectors with their ids.
struct ParquetOutput {
    /// Values of a column for some rows, in the order of the fields.
    enum Column {
        case integers([Int64?])
        case floats([Float?])
        case texts([String?])
        /// A list of `width` floats a row.
        case vectors([Float], width: Int)
    }

    private let file: AtomicFile
    private var writer: ParquetWriter
    private var rowsOfGroup = 0

    /// A group of rows takes about so many bytes before it is compressed.
    private static let groupSize = 1 << 26
    /// Rows that are gathered before they are written.
    static let batch = 1 << 16

    init(_ file: AtomicFile, _ fields: [ParquetWriter.Field]) {
        self.file = file
        writer = ParquetWriter(fields, creator: Self.creator)
    }

    /// For rows of another file.
    private init(_ file: AtomicFile, likeRowsOf source: ParquetFile) {
        self.file = file
        writer = ParquetWriter(likeRowsOf: source, creator: Self.creator)
    }

    private static let creator = "simile"

    /// Appends rows; every column has as many.
    mutating func append(_ columns: [Column], rowCount: Int) throws(VectorFileError) {
        for (i, column) in columns.enumerated() {
            switch column {
            case .integers(let values):
                add(i, values) { values in
                    .fixed(width: 8, bytes: values.flatMap { $0.littleEndianBytes })
                }
            case .floats(let values):
                add(i, values) { values in
                    var bytes: [UInt8] = []
                    bytes.append(littleEndian: values)
                    return .fixed(width: 4, bytes: bytes)
                }
            case .texts(let values):
                add(i, values) { values in
                    var (offsets, bytes): ([Int], [UInt8]) = ([0], [])
                    for text in values {
                        bytes += text.utf8
                        offsets.append(bytes.count)
                    }
                    return .binary(offsets: offsets, bytes: bytes)
                }
            case .vectors(let values, let width): add(i, values, width, rowCount)
            }
        }
        rowsOfGroup += rowCount
        if writer.groupSize >= Self.groupSize { try endGroup() }
    }

    private mutating func add<T>(_ column: Int, _ values: [T?], _ stored: ([T]) -> ColumnValues) {
        let present = values.compactMap { $0 }
        writer.append(
            column,
            entryCount: values.count,
            definitions: present.count == values.count ? [] : values.map { $0 == nil ? 0 : 1 },
            stored(present)
        )
    }

    /// Pages of about a mebibyte, of whole rows.
    private mutating func add(_ column: Int, _ values: [Float], _ width: Int, _ rowCount: Int) {
        let step = max(1, (1 << 18) / width)
        for start in stride(from: 0, to: rowCount, by: step) {
            let count = min(step, rowCount - start)
            var bytes: [UInt8] = []
            bytes.append(littleEndian: values[start * width..<(start + count) * width])
            var repetitions = [UInt8](repeating: 1, count: count * width)
            for row in 0..<count { repetitions[row * width] = 0 }
            writer.append(
                column,
                entryCount: count * width,
                repetitions: repetitions,
                .fixed(width: 4, bytes: bytes)
            )
        }
    }

    private mutating func endGroup() throws(VectorFileError) {
        writer.endRowGroup(rowCount: rowsOfGroup)
        rowsOfGroup = 0
        file.write(writer.drain())
        try file.flushIfLarge()
    }

    /// Writes what is left and the footer.
    mutating func finish() throws(VectorFileError) {
        try endGroup()
        writer.finish()
        file.write(writer.drain())
        try file.flushIfLarge()
    }

    /// Writes some of the rows of a Parquet file to another one, all their columns, and what other programs have noted about the file.
    ///
    /// - Parameter isKept: A flag for each row.
    /// - Throws: ``VectorFileError`` if the input cannot be read or has changed.
    static func copyRows(
        of path: String,
        _ isKept: [Bool],
        to file: AtomicFile,
        check: (Int) throws -> Void
    ) throws {
        let input = try ParquetInput(path)
        guard input.file.rowCount == isKept.count else {
            throw VectorFileError.refused(
                path,
                "expected the file to stay as it was, found that it has been written to while it was read"
            )
        }
        var output = ParquetOutput(file, likeRowsOf: input.file)
        var row = 0
        for group in 0..<input.file.rowGroupCount {
            try check(row)
            let end = row + input.file.rowCount(ofGroup: group)
            let flags = Array(isKept[row..<end])
            try input.reading { () throws(ParquetError) in
                try output.writer.append(rowsOf: input.file, group: group, isKept: flags)
            }
            file.write(output.writer.drain())
            try file.flushIfLarge()
            row = end
        }
        try output.finish()
    }
}

extension [RowID] {
    /// Whether all ids are integers; else they are written as texts.
    var areIntegers: Bool { allSatisfy { if case .integer = $0 { true } else { false } } }

    /// The field of the ids.
    func parquetField(_ name: String, isOptional: Bool = false) -> ParquetWriter.Field {
        ParquetWriter.Field(name, areIntegers ? .int64 : .text, isOptional: isOptional)
    }

    /// The ids of some rows; nil where there is no row.
    func parquetColumn(_ rows: [Int], areIntegers: Bool) -> ParquetOutput.Column {
        guard areIntegers else { return .texts(rows.map { self[$0].description }) }
        return .integers(rows.map { if case .integer(let number) = self[$0] { number } else { nil } })
    }
}
