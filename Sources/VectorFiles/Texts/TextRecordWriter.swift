// SPDX-License-Identifier: Apache-2.0

package import System

/// Writes some of the records of a file of texts as they stand there, byte for byte, all their other fields included.
package struct TextRecordWriter {
    private let input: String
    private let fields: TextFile.Fields
    private let file: AtomicFile

    /// - Throws: ``VectorFileError`` if the output has another ending than the input, which has its form, or cannot be written.
    package init(
        _ output: String,
        from input: String,
        fields: TextFile.Fields,
        registeredIn registry: TemporaryFiles?
    ) throws(VectorFileError) {
        let format = try FileFormat.of(input, among: FileFormat.texts, for: "texts")
        guard FileFormat(path: output) == format else {
            throw .unknownFormat(output, "expected a name that ends in .\(format.rawValue), as the input's records do")
        }
        self.input = input
        self.fields = fields
        file = try AtomicFile(output, registeredIn: registry)
    }

    /// Writes the records of these rows, in their order, and publishes the file.
    ///
    /// - Parameter isKept: A flag for each row of the input.
    package func write(_ isKept: [Bool], check: (Int) throws -> Void) throws {
        if FileFormat(path: input) == .parquet {
            try ParquetOutput.copyRows(of: input, isKept, to: file, check: check)
            try file.finish()
            return try file.publish()
        }
        var reader = try TextFileReader(input, fields: fields)
        let bytes = try VectorFile.mapped(input)
        func copy(_ range: Range<Int>) throws(VectorFileError) {
            try bytes.withBytes { span throws(VectorFileError) in
                let record = span.extracting(range)
                try file.write(record)
                // The last line of a file may have no end of its own.
                if record.count > 0, record[record.count - 1] != UInt8(ascii: "\n") { file.write("\n") }
            }
        }
        if let header = reader.header { try copy(header) }
        var row = 0
        while let record = try reader.next() {
            if row % 1024 == 0 { try check(row) }
            guard row < isKept.count else { break }
            if isKept[row] { try copy(record.bytes) }
            row += 1
        }
        guard row == isKept.count, try reader.next() == nil else {
            throw VectorFileError.refused(
                input,
                "expected the file to stay as it was, found that it has been written to while it was read"
            )
        }
        try file.finish()
        try file.publish()
    }
}
