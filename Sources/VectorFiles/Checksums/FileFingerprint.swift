// SPDX-License-Identifier: Apache-2.0

package import System

/// What tells whether a file is still what it was: size, time, and two checksums, one of a sample and one of all bytes.
///
/// The rule of ``difference(from:bytes:)``:
///
/// 1. another size is another file;
/// 2. with the same time, the sample must have the same checksum: at most 66 MiB are read, however large the file is;
/// 3. with another time, all bytes must have the same checksum. So a copy, or a file that was only touched, is accepted, and
///    every change that moved the time is found.
///
/// What slips through: a change of the same size, at places that the sample does not see, by somebody who then sets the
/// time back. Files of up to 66 MiB have no such places.
package struct FileFingerprint: Sendable, Equatable {
    package let byteCount: Int
    /// Nanoseconds since 1970.
    package let modificationTime: Int64
    package let sampledChecksum: UInt64
    package let wholeChecksum: UInt64

    package init(byteCount: Int, modificationTime: Int64, sampledChecksum: UInt64, wholeChecksum: UInt64) {
        self.byteCount = byteCount
        self.modificationTime = modificationTime
        self.sampledChecksum = sampledChecksum
        self.wholeChecksum = wholeChecksum
    }

    /// The fingerprint of a file as it is now.
    ///
    /// - Complexity: reads the file once.
    /// - Throws: ``VectorFileError`` of kind `refused` if the file cannot be read.
    package init(path: String) throws(VectorFileError) {
        let time = FileStatus(path: path.vectorFilePath)?.modificationTime ?? 0
        let bytes = try VectorFile.mapped(path)
        self.init(
            byteCount: bytes.byteCount,
            modificationTime: time,
            sampledChecksum: bytes.withBytes { Self.sampledChecksum($0) },
            wholeChecksum: bytes.withBytes { Checksum64.of($0) }
        )
    }

    /// Bytes of a sampled piece.
    static let pieceBytes = 1 << 20
    /// The first piece, the last, and 64 between them.
    static let pieceCount = 66

    /// The checksum of the first, the last and 64 evenly spread MiB, or of all bytes of a file that has no more.
    package static func sampledChecksum(_ bytes: Span<UInt8>) -> UInt64 {
        var checksum = Checksum64()
        for piece in sampledPieces(byteCount: bytes.count) { checksum.update(bytes.extracting(piece)) }
        return checksum.value
    }

    /// Piece `i` of 66 begins at `floor(i * (byteCount - 2^20) / 65)`.
    static func sampledPieces(byteCount: Int) -> [Range<Int>] {
        if byteCount <= pieceBytes * pieceCount { return [0..<byteCount] }
        let (step, rest) = (byteCount - pieceBytes).quotientAndRemainder(dividingBy: pieceCount - 1)
        return (0..<pieceCount).map { i in
            let start = i * step + i * rest / (pieceCount - 1)
            return start..<start + pieceBytes
        }
    }

    /// Why a file, mapped as `bytes`, is not the one that this is of: what was expected and what was found; nil if it is.
    package func difference(from path: String, bytes: SharedBytes) -> String? {
        guard bytes.byteCount == byteCount else {
            return "expected \(byteCount) bytes, found \(bytes.byteCount)"
        }
        let hasSameTime = FileStatus(path: path.vectorFilePath)?.modificationTime == modificationTime
        let expected = hasSameTime ? sampledChecksum : wholeChecksum
        let found = bytes.withBytes { hasSameTime ? Self.sampledChecksum($0) : Checksum64.of($0) }
        if found == expected { return nil }
        return "expected contents with the checksum \(expected.hexadecimal), found \(found.hexadecimal)"
    }
}
