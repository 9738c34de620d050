// SPDX-License-Identifier: Apache-2.0

package import System

/// An atomic file that ends with the ``Checksum64`` of everything before it.
package final class ChecksummedFile {
    private let file: AtomicFile
    private var checksum = Checksum64()
    /// Bytes so far.
    package private(set) var byteCount = 0

    /// Creates the temporary file, so that an output that cannot be written is known before the work begins.
    package init(_ path: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        file = try AtomicFile(path, registeredIn: registry)
    }

    /// Appends bytes.
    package func write(_ bytes: Span<UInt8>) throws(VectorFileError) {
        checksum.update(bytes)
        byteCount += bytes.count
        try file.write(bytes)
    }

    /// Appends many bytes, piece by piece.
    ///
    /// - Parameter check: Called between pieces; throws to give up.
    package func write(_ bytes: Span<UInt8>, check: () throws -> Void) throws {
        let piece = 4 << 20
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try check()
            try write(bytes.extracting(start..<min(start + piece, bytes.count)))
        }
    }

    /// Appends zeros up to an offset.
    ///
    /// - Precondition: the file is not longer yet.
    package func pad(to offset: Int) throws(VectorFileError) {
        precondition(byteCount <= offset, "\(byteCount) bytes have been written, not \(offset)")
        try write([UInt8](repeating: 0, count: offset - byteCount).span)
    }

    /// Appends the checksum and gives the file its name.
    package func commit() throws(VectorFileError) {
        try file.write(littleEndian: [checksum.value])
        try file.finish()
        try file.publish()
    }
}
