// SPDX-License-Identifier: Apache-2.0

internal import System

/// Standard output for results: gathered into pieces, so that a line does not cost a system call.
final class BufferedOutput {
    private var text = ""

    /// Appends a text; it may be written later.
    func write(_ more: String) throws {
        text += more
        if text.utf8.count >= 1 << 16 { try flush() }
    }

    /// Writes what has been gathered. A result that is not flushed is not finished.
    func flush() throws {
        try StandardStream.output.write(text)
        text.removeAll(keepingCapacity: true)
    }
}
