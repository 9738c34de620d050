// SPDX-License-Identifier: Apache-2.0

/// An encoding of text that is not UTF-8, as far as its first bytes, or bytes of zero, give it away.
enum ForeignEncoding: String {
    case utf16LittleEndian = "UTF-16LE"
    case utf16BigEndian = "UTF-16BE"
    case utf32LittleEndian = "UTF-32LE"
    case utf32BigEndian = "UTF-32BE"
    /// Zero bytes without a mark at the start: UTF-16 or UTF-32 of either order, or no text at all.
    case unmarked = "UTF-16"

    /// Nil if the bytes may be UTF-8. The marks of UTF-32 come first: that of UTF-16 is a part of one.
    init?(_ bytes: Span<UInt8>) {
        func starts(with mark: [UInt8]) -> Bool {
            bytes.count >= mark.count && mark.indices.allSatisfy { bytes[$0] == mark[$0] }
        }
        if starts(with: [0xFF, 0xFE, 0, 0]) {
            self = .utf32LittleEndian
        } else if starts(with: [0, 0, 0xFE, 0xFF]) {
            self = .utf32BigEndian
        } else if starts(with: [0xFF, 0xFE]) {
            self = .utf16LittleEndian
        } else if starts(with: [0xFE, 0xFF]) {
            self = .utf16BigEndian
        } else {
            return nil
        }
    }

    /// The error that names it, and what helps.
    func refusal(_ path: String, line: Int?) -> VectorFileError {
        .refused(
            path,
            place: line.map { "line \($0)" },
            (self == .unmarked
                ? "expected UTF-8 text, found a zero byte, as UTF-16 and UTF-32 have them"
                : "expected UTF-8 text, found \(rawValue)") + "; to convert it: iconv -f \(rawValue) -t UTF-8 IN > OUT"
        )
    }
}
