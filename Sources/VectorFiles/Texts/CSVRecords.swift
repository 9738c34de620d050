// SPDX-License-Identifier: Apache-2.0

internal import System

/// The records of a `.csv` file, one after the other, as RFC 4180 has them: commas between fields, a field in quotes may hold
/// commas, line ends and, doubled, quotes. LF ends a record too; a byte order mark is dropped; a final line end starts no record.
struct CSVRecords {
    private let bytes: SharedBytes
    private let path: String
    private var place = RecordPlace()

    init(_ path: String) throws(VectorFileError) {
        let bytes = try VectorFile.mapped(path)
        try bytes.withBytes { span throws(VectorFileError) in
            if let encoding = ForeignEncoding(span) { throw encoding.refusal(path, line: nil) }
        }
        self.bytes = bytes
        self.path = path
    }

    /// Where the next record begins, in bytes.
    var position: Int { place.at }

    /// The fields of the next record and the line, from 1, on which it begins; nil after the last one.
    mutating func next() throws(VectorFileError) -> (line: Int, fields: [String])? {
        var place = place
        let record = try bytes.withBytes { span throws(VectorFileError) in try place.next(in: span, path: path) }
        self.place = place
        return record
    }
}

/// How far records have been read.
private struct RecordPlace {
    private(set) var at = 0
    private var line = 1

    private static let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
    private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    mutating func next(in span: Span<UInt8>, path: String) throws(VectorFileError) -> (line: Int, fields: [String])? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if at == 0, span.count >= 3, mark.indices.allSatisfy({ span[$0] == mark[$0] }) { at = 3 }
        guard at < span.count else { return nil }
        let first = line
        var fields: [String] = []
        while true {
            let isQuoted = at < span.count && span[at] == Self.quote
            let began = line
            let content = isQuoted ? try quoted(in: span, path) : try plain(in: span, path)
            fields.append(try text(content, began, path))
            guard at < span.count else { return (first, fields) }
            let end = span[at]
            at += 1
            if end == Self.lineFeed {
                line += 1
                return (first, fields)
            }
        }
    }

    /// A field without quotes; stops at the comma or the LF after it.
    private mutating func plain(in span: Span<UInt8>, _ path: String) throws(VectorFileError) -> [UInt8] {
        var content: [UInt8] = []
        while at < span.count, span[at] != Self.comma, span[at] != Self.lineFeed {
            guard span[at] != Self.quote else {
                throw refused(path, line, "expected quotes around the whole field, found one inside of it")
            }
            content.append(span[at])
            at += 1
        }
        if at < span.count, span[at] == Self.lineFeed, content.last == Self.carriageReturn { content.removeLast() }
        return content
    }

    /// A field in quotes; stops at the comma or the LF after it.
    private mutating func quoted(in span: Span<UInt8>, _ path: String) throws(VectorFileError) -> [UInt8] {
        let opened = line
        var content: [UInt8] = []
        at += 1
        while true {
            guard at < span.count else {
                throw refused(path, opened, "expected the quote that ends a field, found the end of the file")
            }
            let byte = span[at]
            at += 1
            if byte == Self.quote {
                guard at < span.count, span[at] == Self.quote else { break }
                at += 1
            } else if byte == Self.lineFeed {
                line += 1
            }
            content.append(byte)
        }
        if at + 1 < span.count, span[at] == Self.carriageReturn, span[at + 1] == Self.lineFeed { at += 1 }
        guard at == span.count || span[at] == Self.comma || span[at] == Self.lineFeed else {
            throw refused(path, line, "expected a comma or the end of the line after a quoted field, found more of it")
        }
        return content
    }

    private func text(_ content: [UInt8], _ line: Int, _ path: String) throws(VectorFileError) -> String {
        if content.contains(0) { throw ForeignEncoding.unmarked.refusal(path, line: line) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw refused(
                path,
                line,
                "expected UTF-8 text, found bytes that are none; for text in another encoding: iconv -f ISO-8859-1 -t UTF-8"
            )
        }
        return text
    }

    private func refused(_ path: String, _ line: Int, _ message: String) -> VectorFileError {
        .refused(path, place: "line \(line)", message)
    }
}
