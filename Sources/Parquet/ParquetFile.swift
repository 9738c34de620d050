// SPDX-License-Identifier: Apache-2.0

package import System

/// A Parquet file that is mapped: its schema and where its columns are. Everything that it says about itself is checked before it is used.
///
/// Read are data pages of both versions, plain and dictionary encodings, the delta encodings and byte stream splits, uncompressed or compressed by Snappy,
/// gzip or zstd. Encryption, other codecs (brotli, LZO, LZ4) and the encoding BIT_PACKED of old levels are refused by name.
/// https://parquet.apache.org/docs/file-format/
package struct ParquetFile: Sendable {
    /// Where the values of a column are in one group of rows.
    struct Chunk: Sendable {
        let valueCount: Int
        let codec: Int
        /// The pages, that of the dictionary first.
        let range: Range<Int>
    }

    /// Rows that are stored together.
    struct RowGroup: Sendable {
        let rowCount: Int
        let chunks: [Chunk]
    }

    package let bytes: SharedBytes
    let schema: ParquetSchema
    let groups: [RowGroup]
    /// What programs have written about the file, to be copied with it.
    let keyValues: ThriftValue?

    package var columns: [ParquetColumn] { schema.columns }
    package var rowGroupCount: Int { groups.count }
    package let rowCount: Int

    /// Rows of a group.
    package func rowCount(ofGroup group: Int) -> Int { groups[group].rowCount }

    /// Reads the footer.
    package init(_ bytes: SharedBytes) throws(ParquetError) {
        self.bytes = bytes
        let metadata = try bytes.withBytes { span throws(ParquetError) in
            let count = span.count
            guard count >= 12 else {
                throw ParquetError("expected a Parquet file of 12 bytes or more, found \(count)")
            }
            let mark = (count - 4..<count).map { span[$0] }
            guard mark != Array("PARE".utf8) else { throw ParquetError("the file is encrypted, which is not read") }
            guard mark == Array("PAR1".utf8), (0..<4).map({ span[$0] }) == mark else {
                throw ParquetError("expected PAR1 at both ends, found none: it is no Parquet file, or has been cut")
            }
            let length = Int(span.integer(UInt32.self, at: count - 8))
            guard length <= count - 12 else {
                throw ParquetError("the footer is said to have \(length) bytes, but at most \(count - 12) can be there")
            }
            var place = 0
            return try ThriftValue.structure(in: span.extracting(count - 8 - length..<count - 8), at: &place)
        }
        guard let elements = metadata[2]?.elements, let rowCount = metadata[3]?.integer, rowCount >= 0 else {
            throw ParquetError("the footer has no schema or no number of rows")
        }
        guard metadata[8] == nil else { throw ParquetError("the file is encrypted, which is not read") }
        schema = try ParquetSchema(elements)
        var groups: [RowGroup] = []
        for group in metadata[4]?.elements ?? [] {
            groups.append(try Self.group(group, columnCount: schema.columns.count, byteCount: bytes.byteCount))
        }
        var sum = 0
        for group in groups {
            let (next, overflow) = sum.addingReportingOverflow(group.rowCount)
            guard !overflow else { throw ParquetError("the row groups have too many rows") }
            sum = next
        }
        guard sum == rowCount else {
            throw ParquetError("expected \(rowCount) rows in the row groups, found \(sum)")
        }
        self.rowCount = rowCount
        self.groups = groups
        keyValues = metadata[5]
    }

    private static func group(
        _ group: ThriftValue,
        columnCount: Int,
        byteCount: Int
    ) throws(ParquetError) -> RowGroup {
        guard let rowCount = group[3]?.integer, rowCount >= 0, let chunks = group[1]?.elements,
            chunks.count == columnCount
        else { throw ParquetError("a row group does not have the \(columnCount) columns of the schema") }
        var found: [Chunk] = []
        for chunk in chunks {
            if chunk[1]?.text?.isEmpty == false { throw ParquetError("columns in other files are not read") }
            if chunk[8] != nil || chunk[9] != nil { throw ParquetError("encrypted columns are not read") }
            guard let data = chunk[3], let codec = data[4]?.integer, let valueCount = data[5]?.integer,
                let length = data[7]?.integer, let first = data[9]?.integer, valueCount >= 0
            else { throw ParquetError("a column has no metadata") }
            // An older writer says 0 where there is no dictionary.
            let start = data[11]?.integer.flatMap { $0 > 0 ? min($0, first) : nil } ?? first
            // Of no values there need not be a page.
            if valueCount == 0 {
                found.append(Chunk(valueCount: 0, codec: codec, range: 4..<4))
                continue
            }
            guard start >= 4, length >= 0, start <= byteCount, length <= byteCount - start else {
                throw ParquetError("a column is said to be at byte \(start), which is not in the file")
            }
            // Some older writers leave the header of the dictionary's page out of the length; the number of values tells where the pages end.
            let end = min(start + length + 100, byteCount)
            found.append(Chunk(valueCount: valueCount, codec: codec, range: start..<end))
        }
        return RowGroup(rowCount: rowCount, chunks: found)
    }

    /// The number of a column by the names of its path, or by its first name if that has one column alone below it.
    package func column(named name: String) -> Int? {
        if let exact = columns.firstIndex(where: { $0.name == name }) { return exact }
        let below = columns.indices.filter { columns[$0].path.first == name }
        return below.count == 1 ? below[0] : nil
    }

    /// The names that rows have at the top.
    package var fieldNames: [String] {
        var names: [String] = []
        for column in columns where names.last != column.path[0] { names.append(column.path[0]) }
        return names
    }
}
