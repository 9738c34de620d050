// SPDX-License-Identifier: Apache-2.0

internal import System

/// Standard output for results: gathered into pieces, so that a line does not cost a system call.
final class BufferedOutput {
    private var bytes: [UInt8] = []

    /// Appends a text; it may be written later.
    func write(_ text: String) throws {
        bytes += text.utf8
        try flushIfLarge()
    }

    /// Appends UTF-8.
    func write(_ more: [UInt8]) throws {
        bytes += more
        try flushIfLarge()
    }

    private func flushIfLarge() throws {
        if bytes.count >= 1 << 16 { try flush() }
    }

    /// Writes what has been gathered. A result that is not flushed is not finished.
    func flush() throws {
        try StandardStream.output.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
