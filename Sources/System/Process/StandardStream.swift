// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Standard output and standard error, unbuffered, with errors reported.
package struct StandardStream: Sendable {
    private let descriptor: Int32
    private let name: String

    /// Standard output.
    package static let output = StandardStream(descriptor: 1, name: "standard output")
    /// Standard error.
    package static let error = StandardStream(descriptor: 2, name: "standard error")

    /// Writes all of a text.
    package func write(_ text: String) throws(SystemError) { try write(Array(text.utf8)) }

    /// The same as UTF-8.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        try writeAll(bytes.span, to: descriptor, path: name)
    }

    /// Writes a text and leaves it at that; for messages, which nobody may be reading.
    package func print(_ text: String) { try? write(FileName.displayed(text)) }

    /// Whether a person sees it.
    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal, or nil if there is none.
    package var columns: Int? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}

/// Writes all bytes to a descriptor.
func writeAll(_ bytes: Span<UInt8>, to descriptor: Int32, path: String) throws(SystemError) {
    var offset = 0
    while offset < bytes.count {
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
        }
        if written < 0 {
            if errno == EINTR { continue }
            throw .last("write", path: path)
        }
        offset += written
    }
}
