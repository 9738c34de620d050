// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// A bearer token. Whatever prints or dumps it sees only that it is there.
public struct HubToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let secret: String

    /// A token as it was handed out; white space around it, such as the line end of a file, is dropped.
    ///
    /// Returns nil if nothing is left, or if a character is in it that cannot stand in an HTTP header.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        secret = String(decoding: bytes, as: UTF8.self)
    }

    /// `[token]`, never the token.
    public var description: String { "[token]" }
    /// `[token]`, never the token.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// A text from the server without the token, which some servers repeat in their errors.
    ///
    /// Servers of one's own take any token, "o" for instance: one of fewer than eight characters is taken out only where it stands as a word.
    package func removed(from text: String) -> String {
        guard text.utf8.count >= secret.utf8.count else { return text }
        if secret.utf8.count >= 8 {
            return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: description)
        }
        let words = text.split(omittingEmptySubsequences: false) {
            !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "-"
        }
        var result = ""
        var end = text.startIndex
        for word in words where word == secret {
            result += text[end..<word.startIndex] + description
            end = word.endIndex
        }
        return result + text[end...]
    }
}
#endif
