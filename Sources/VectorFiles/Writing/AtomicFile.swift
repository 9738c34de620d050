// SPDX-License-Identifier: Apache-2.0

package import System

/// A file that appears whole or not at all: written to a temporary file in the same folder, synced, then renamed.
///
/// Bytes are gathered in memory and written in pieces of about a mebibyte; callers call ``flushIfLarge()`` now and then.
/// A file that is not published removes itself.
package final class AtomicFile {
    package let path: String
    private let file: TemporaryFile
    private var buffer: [UInt8] = []

    /// Creates the temporary file, so that an output that cannot be written is known before the work begins.
    package init(_ path: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        self.path = path
        do {
            file = try TemporaryFile(beside: path, registry: registry)
        } catch {
            throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
        }
    }

    package func write(_ bytes: [UInt8]) { buffer += bytes }

    package func write(_ text: String) { buffer += text.utf8 }

    /// Appends bytes; many at once are not gathered but written.
    package func write(_ bytes: Span<UInt8>) throws(VectorFileError) {
        if bytes.count < 1 << 16 {
            for i in 0..<bytes.count { buffer.append(bytes[i]) }
            return try flushIfLarge()
        }
        try flush()
        do {
            try file.write(bytes)
        } catch {
            throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
        }
    }

    /// Appends the bytes of integers, the lowest first.
    package func write<T: FixedWidthInteger & BitwiseCopyable>(littleEndian values: [T]) throws(VectorFileError) {
        for value in values {
            buffer.append(littleEndian: value)
            try flushIfLarge()
        }
    }

    /// Appends floats in IEEE single precision, the lowest byte first.
    package func write(floats: [Float]) throws(VectorFileError) {
        for value in floats {
            buffer.append(littleEndian: value.bitPattern)
            try flushIfLarge()
        }
    }

    /// All bytes so far, mapped.
    package func mapped() throws(VectorFileError) -> SharedBytes {
        try flush()
        do {
            return try file.mapped()
        } catch {
            throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
        }
    }

    /// Writes other bytes over the first ones.
    package func overwriteStart(_ bytes: [UInt8]) throws(VectorFileError) {
        try flush()
        try attempt { () throws(SystemError) in try file.overwriteStart(bytes.span) }
    }

    /// Writes what has been gathered if it is worth a system call.
    package func flushIfLarge() throws(VectorFileError) {
        if buffer.count >= 1 << 20 { try flush() }
    }

    private func flush() throws(VectorFileError) {
        let bytes = buffer
        try attempt { () throws(SystemError) in try file.write(bytes.span) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes the rest and syncs it to the disk; the file does not have its name yet.
    package func finish() throws(VectorFileError) {
        try flush()
        try attempt { () throws(SystemError) in try file.sync() }
    }

    /// Gives the finished file its name.
    package func publish() throws(VectorFileError) {
        try attempt { () throws(SystemError) in try file.publish() }
    }

    /// Gives the finished file its name if nothing has that name; false if something has.
    package func publishIfNew() throws(VectorFileError) -> Bool {
        var isNew = false
        try attempt { () throws(SystemError) in isNew = try file.publishIfNew() }
        return isNew
    }

    private func attempt(_ body: () throws(SystemError) -> Void) throws(VectorFileError) {
        do {
            try body()
        } catch {
            throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
        }
    }
}
