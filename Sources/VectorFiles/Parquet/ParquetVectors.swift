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
        // A file may say that it has more rows than there are: room is kept for what is likely.
        var rows = Rows(path: path, form: form, expected: (input.file.rowCount, input.file.bytes.byteCount / 2))
        for group in 0..<input.file.rowGroupCount {
            var reader = try input.reading { () throws(ParquetError) in
                try ColumnReader(input.file, group: group, column: column)
            }
            while let page = try input.reading({ () throws(ParquetError) in try reader.next() }) {
                try rows.append(page)
            }
            try rows.end()
            let expected = (0...group).reduce(0) { $0 + input.file.rowCount(ofGroup: $1) }
            guard rows.count == expected else {
                throw .refused(path, "expected \(expected) rows in the column \"\(name)\", found \(rows.count)")
            }
        }
        var ids: [RowID]?
        if let idColumn {
            var found: [RowID] = []
            for group in 0..<input.file.rowGroupCount { found += try input.ids(idColumn, group: group) }
            ids = found
        }
        guard let dimension = rows.dimension else {
            throw .refused(
                path,
                "expected vectors in the column \"\(name)\", found none: the dimension cannot be known"
            )
        }
        var matrix = VectorMatrix(rowCount: rows.count, dimension: dimension, values: rows.values, ids: ids)
        if form.type == .double { matrix.lossOfReading = rows.loss }
        return matrix
    }

    /// The rows so far.
    private struct Rows {
        let path: String
        let form: ParquetColumn
        var values: [Float] = []
        var loss = RoundingLoss.ofText
        /// Rows that have begun.
        var count = 0
        var dimension: Int?
        /// Where the row that is read begins, and whether there is one.
        private var start = 0
        private var isOpen = false
        /// Null rows before the dimension is known.
        private var leadingNulls = 0

        /// Rows in all, and the most floats that room is kept for.
        private let expected: (rows: Int, floats: Int)

        init(path: String, form: ParquetColumn, expected: (rows: Int, floats: Int)) {
            self.expected = expected
            self.path = path
            self.form = form
        }

        mutating func append(_ page: ColumnReader.Page) throws(VectorFileError) {
            let floats = floats(page.values)
            let (element, full) = (UInt8(form.elementDefinition), UInt8(form.maxDefinition))
            var (place, runStart) = (0, 0)
            func flush(_ rows: inout Rows) {
                rows.values += floats[runStart..<place]
                runStart = place
            }
            for entry in 0..<page.entryCount {
                if page.repetitions.isEmpty || page.repetitions[entry] == 0 {
                    flush(&self)
                    try end()
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
                    appendNull()
                }
            }
            flush(&self)
        }

        private mutating func appendNull() {
            guard let dimension else {
                leadingNulls += 1
                return
            }
            values += [Float](repeating: .nan, count: dimension)
            start = values.count
        }

        /// Ends the row that is read.
        mutating func end() throws(VectorFileError) {
            guard isOpen else { return }
            isOpen = false
            let length = values.count - start
            if dimension == nil {
                guard (1...RowStorage.dimensionLimit).contains(length) else {
                    throw refused("expected a vector of 1 to \(RowStorage.dimensionLimit) components, found \(length)")
                }
                dimension = length
                let (all, overflow) = expected.rows.multipliedReportingOverflow(by: length)
                values.reserveCapacity(min(overflow ? .max : all, expected.floats))
                if leadingNulls > 0 {
                    values = [Float](repeating: .nan, count: leadingNulls * length) + values
                }
            }
            guard length == dimension else {
                throw refused("expected \(dimension ?? 0) components as in the first vector, found \(length)")
            }
            start = values.count
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
