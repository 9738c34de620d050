// SPDX-License-Identifier: Apache-2.0

internal import System

/// The lines of a UTF-8 file, one after the other: LF ends a line, a CR before it is dropped, a byte order mark at the start is
/// dropped, a final LF starts no line.
struct TextLines {
    private let bytes: SharedBytes
    private let path: String
    private var place = LinePlace()

    init(_ path: String) throws(VectorFileError) {
        let bytes = try VectorFile.mapped(path)
        try bytes.withBytes { span throws(VectorFileError) in
            if let encoding = ForeignEncoding(span) { throw encoding.refusal(path, line: nil) }
        }
        self.bytes = bytes
        self.path = path
    }

    /// The number (from 1) and the text of the next line, and where it lies, its end included; nil after the last one.
    mutating func next() throws(VectorFileError) -> (number: Int, text: String, bytes: Range<Int>)? {
        var place = place
        let line = try bytes.withBytes { span throws(VectorFileError) in try place.next(in: span, path: path) }
        self.place = place
        return line
    }

    /// Calls `body` with each line of bytes that are a part of a file.
    static func read(
        _ span: Span<UInt8>,
        path: String,
        _ body: (Int, String) throws(VectorFileError) -> Void
    ) throws(VectorFileError) {
        var place = LinePlace()
        while let line = try place.next(in: span, path: path) { try body(line.number, line.text) }
    }
}

/// How far lines have been read.
private struct LinePlace {
    private var start = 0
    private var number = 0

    mutating func next(
        in span: Span<UInt8>,
        path: String
    ) throws(VectorFileError) -> (number: Int, text: String, bytes: Range<Int>)? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if number == 0, span.count >= 3, mark.indices.allSatisfy({ span[$0] == mark[$0] }) { start = 3 }
        guard start < span.count else { return nil }
        number += 1
        var end = start
        while end < span.count, span[end] != UInt8(ascii: "\n") { end += 1 }
        var contentEnd = end
        if end < span.count, contentEnd > start, span[contentEnd - 1] == UInt8(ascii: "\r") { contentEnd -= 1 }
        let content = span.extracting(start..<contentEnd)
        let bytes = start..<min(end + 1, span.count)
        start = end + 1
        var isText = true
        for i in 0..<content.count where content[i] == 0 { isText = false }
        guard isText else { throw ForeignEncoding.unmarked.refusal(path, line: number) }
        do {
            return (number, String(copying: try UTF8Span(validating: content)), bytes)
        } catch {
            let byte = error.byteOffsets.lowerBound
            throw .refused(
                path,
                place: "line \(number)",
                "expected UTF-8 text, found the byte 0x\(String(content[byte], radix: 16, uppercase: true)) at byte "
                    + "\(byte + 1) of the line, which is none; for text in another encoding: iconv -f ISO-8859-1 -t UTF-8"
            )
        }
    }
}
