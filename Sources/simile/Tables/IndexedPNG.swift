// SPDX-License-Identifier: Apache-2.0

internal import System

/// A picture of at most 256 colors as a PNG file (W3C, "Portable Network Graphics", third edition): a byte a pixel, not compressed.
///
/// Pixels of a similarity matrix hardly compress, and to write stored blocks (RFC 1951, section 3.2.4) needs no library.
struct IndexedPNG {
    let width: Int
    let height: Int
    /// Three bytes a color.
    let palette: [UInt8]
    /// Row after row, numbers of colors.
    let pixels: [UInt8]

    /// The file.
    var bytes: [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        Self.append("IHDR", bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, 3, 0, 0, 0], to: &file)
        Self.append("PLTE", palette, to: &file)
        Self.append("IDAT", stream, to: &file)
        Self.append("IEND", [], to: &file)
        return file
    }

    /// Each row behind a filter type of 0, in stored blocks of a zlib stream (RFC 1950).
    private var stream: [UInt8] {
        var rows: [UInt8] = []
        rows.reserveCapacity((width + 1) * height)
        for row in 0..<height {
            rows.append(0)
            rows += pixels[row * width..<(row + 1) * width]
        }
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(start + 65_535, rows.count)
            let length = UInt16(end - start)
            stream.append(end == rows.count ? 1 : 0)
            stream.append(littleEndian: length)
            stream.append(littleEndian: ~length)
            stream += rows[start..<end]
            start = end
        } while start < rows.count
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in rows {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return stream + bigEndian(b << 16 | a)
    }

    private static func append(_ type: String, _ data: [UInt8], to file: inout [UInt8]) {
        let content = Array(type.utf8) + data
        file += bigEndian(UInt32(data.count)) + content + bigEndian(checksum(content))
    }

    /// CRC-32 as PNG uses it.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }

    private static let table: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
}
