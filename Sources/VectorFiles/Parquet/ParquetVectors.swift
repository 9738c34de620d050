// SPDX-License-Identifier: Apache-2.0

internal import Parquet
internal import Similarity
internal import SimilarityKernels
internal import System

/// Vectors in a column of a Parquet file: lists, of fixed size or not, of float16, float or double, as long as one another. A null in the place of a list
/// makes an invalid row. Doubles are rounded to `Float`. They are held in memory; a page of the file is beside them at a time.
package enum ParquetVectors {
    /// Whether a file has lists of numbers in a column of this name.
    ///
    /// - Throws: ``VectorFileError`` if the file cannot be read.
    package static func holdsVectors(_ path: String, column: String) throws(VectorFileError) -> Bool {
        let input = try ParquetInput(path)
        return input.file.column(named: column).map { isVector(input.file.columns[$0]) } ?? false
    }

    private static func isVector(_ column: ParquetColumn) -> Bool {
        column.maxRepetition == 1
            && ([.float, .double].contains(column.type) || column.meaning == .float16)
    }

    static func read(_ path: String, column name: String, idColumn: String?) throws(VectorFileError) -> VectorMatrix {
        let input = try ParquetInput(path)
        let column = try input.column(name, for: "vectors")
        let form = input.file.columns[column]
        guard isVector(form) else {
            throw .refused(
                path,
                "expected lists of float16, float or double in the column \"\(name)\", found \(form.summary)"
            )
        }
        let idColumn = try input.idColumn(idColumn)
        guard let dimension = try dimension(input, column) else {
            throw .refused(
                path,
                "expected vectors in the column \"\(name)\", found none: the dimension cannot be known"
            )
        }
        guard dimension <= RowStorage.dimensionLimit else {
            throw .refused(
                path,
                "expected vectors of 1 to \(RowStorage.dimensionLimit) components in \"\(name)\", found \(dimension)"
            )
        }
        // A file may say that it has more rows than it has.
        let (count, overflow) = input.file.rowCount.multipliedReportingOverflow(by: dimension)
        guard !overflow, count <= (SystemMemory.available ?? 1 << 40) / 4 else {
            throw .refused(
                path,
                "\(input.file.rowCount) rows of \(dimension) components in \"\(name)\" take more memory than is there"
            )
        }
        var rows = Rows(path: path, form: form, dimension: dimension)
        let values = try SharedBytes(floatCount: count) { target throws(VectorFileError) in
            for group in 0..<input.file.rowGroupCount {
                var reader = try input.reading { () throws(ParquetError) in
                    try ColumnReader(input.file, group: group, column: column)
                }
                let end = rows.count + input.file.rowCount(ofGroup: group)
                while let page = try input.reading({ () throws(ParquetError) in try reader.next() }) {
                    try rows.append(page, atMost: end, to: &target)
                }
                try rows.end()
                guard rows.count == end else {
                    throw .refused(path, "expected \(end) rows in the column \"\(name)\", found \(rows.count)")
                }
            }
        }
        var ids: [RowID]?
        if let idColumn {
            var found: [RowID] = []
            for group in 0..<input.file.rowGroupCount { found += try input.ids(idColumn, group: group) }
            ids = found
        }
        guard
            let storage = RowStorage(
                bytes: values,
                elementType: .float32,
                rowCount: rows.count,
                dimension: dimension,
                byteOffset: 0,
                rowByteStride: 4 * dimension
            )
        else { preconditionFailure("the block has been sized for these rows") }
        var matrix = VectorMatrix(storage: storage, ids: ids)
        if form.type == .double { matrix.lossOfReading = rows.loss }
        return matrix
    }

    /// The components of the first row that has some; nil if none has.
    private static func dimension(_ input: ParquetInput, _ column: Int) throws(VectorFileError) -> Int? {
        let full = UInt8(input.file.columns[column].maxDefinition)
        var length = 0
        for group in 0..<input.file.rowGroupCount {
            var reader = try input.reading { () throws(ParquetError) in
                try ColumnReader(input.file, group: group, column: column)
            }
            while let page = try input.reading({ () throws(ParquetError) in try reader.next() }) {
                for entry in 0..<page.entryCount {
                    if length > 0, page.repetitions.isEmpty || page.repetitions[entry] == 0 { return length }
                    if page.definitions.isEmpty || page.definitions[entry] == full { length += 1 }
                }
            }
        }
        return length > 0 ? length : nil
    }

    /// The rows so far.
    private struct Rows {
        let path: String
        let form: ParquetColumn
        let dimension: Int
        var loss = RoundingLoss.ofText
        /// Rows that have begun.
        var count = 0
        /// Floats that are there.
        private var filled = 0
        /// Where the row that is read begins, and whether there is one.
        private var start = 0
        private var isOpen = false

        init(path: String, form: ParquetColumn, dimension: Int) {
            self.path = path
            self.form = form
            self.dimension = dimension
        }

        /// - Parameter limit: Rows that there may be with those of the page.
        mutating func append(
            _ page: ColumnReader.Page,
            atMost limit: Int,
            to target: inout MutableSpan<Float>
        ) throws(VectorFileError) {
            let floats = floats(page.values)
            let (element, full) = (UInt8(form.elementDefinition), UInt8(form.maxDefinition))
            var (place, runStart) = (0, 0)
            for entry in 0..<page.entryCount {
                if page.repetitions.isEmpty || page.repetitions[entry] == 0 {
                    try move(floats, runStart..<place, to: &target)
                    runStart = place
                    try end()
                    guard count < limit else {
                        throw .refused(path, "expected \(limit) rows in \"\(form.path[0])\", found more")
                    }
                    count += 1
                    isOpen = true
                }
                let level = page.definitions.isEmpty ? full : page.definitions[entry]
                if level == full {
                    place += 1
                } else if level >= element {
                    throw refused("expected numbers alone in \"\(form.path[0])\", found a null among them")
                } else if level == element - 1 {
                    throw refused(
                        "expected a vector of 1 component or more in \"\(form.path[0])\", found an empty list"
                    )
                } else {
                    isOpen = false
                    try move([Float](repeating: .nan, count: dimension), 0..<dimension, to: &target)
                    start = filled
                }
            }
            try move(floats, runStart..<place, to: &target)
        }

        private mutating func move(
            _ floats: [Float],
            _ range: Range<Int>,
            to target: inout MutableSpan<Float>
        ) throws(VectorFileError) {
            if range.isEmpty { return }
            // A row that is too long is told when it ends, but must not run into what is not there.
            guard range.count <= target.count - filled else {
                throw refused("expected \(dimension) components as in the first vector, found more")
            }
            target.put(floats, range, at: filled)
            filled += range.count
        }

        /// Ends the row that is read.
        mutating func end() throws(VectorFileError) {
            guard isOpen else { return }
            isOpen = false
            guard filled - start == dimension else {
                throw refused("expected \(dimension) components as in the first vector, found \(filled - start)")
            }
            start = filled
        }

        private func refused(_ message: String) -> VectorFileError {
            .refused(path, place: "row \(count - 1)", message)
        }

        private mutating func floats(_ stored: ColumnValues) -> [Float] {
            guard case .fixed(let width, let bytes) = stored else { return [] }
            switch width {
            case 2:
                return (0..<bytes.count / 2).map {
                    ElementConversion.widened(half: bytes.span.integer(UInt16.self, at: 2 * $0))
                }
            case 4: return bytes.span.floats()
            default:
                var found: [Float] = []
                found.reserveCapacity(bytes.count / 8)
                for i in 0..<bytes.count / 8 {
                    found.append(loss.float(Double(bitPattern: bytes.span.integer(UInt64.self, at: 8 * i))))
                }
                return found
            }
        }
    }
}
