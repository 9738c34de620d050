// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// The lines of a UTF-8 file: LF ends a line, a CR before it is dropped, a byte order mark at the start is dropped, a
/// final LF starts no line.
enum TextLines {
    /// Calls `body` with the number (from 1) and the text of each line, until it returns false.
    static func read(
        _ path: String,
        _ body: (Int, String) throws(VectorFileError) -> Bool
    ) throws(VectorFileError) {
        let bytes = try VectorFile.mapped(path)
        try bytes.withBytes { span throws(VectorFileError) in try read(span, path: path, body) }
    }

    /// The same for lines that are a part of a file.
    static func read(
        _ span: Span<UInt8>,
        path: String,
        _ body: (Int, String) throws(VectorFileError) -> Bool
    ) throws(VectorFileError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var start = 0
        if span.count >= 3, mark.indices.allSatisfy({ span[$0] == mark[$0] }) { start = 3 }
        var number = 1
        while start < span.count {
            var end = start
            while end < span.count, span[end] != UInt8(ascii: "\n") { end += 1 }
            var contentEnd = end
            if end < span.count, contentEnd > start, span[contentEnd - 1] == UInt8(ascii: "\r") { contentEnd -= 1 }
            let text = try text(span.extracting(start..<contentEnd), line: number, path: path)
            if try !body(number, text) { return }
            start = end + 1
            number += 1
        }
    }

    private static func text(_ bytes: Span<UInt8>, line: Int, path: String) throws(VectorFileError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw .refused(
                path,
                place: "line \(line)",
                "expected UTF-8 text, found \(error.kind) at byte \(error.byteOffsets.lowerBound + 1) of the line"
            )
        }
    }
}
