// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// Decodes base64 (RFC 4648, section 4, with padding) of little-endian floats.
///
/// Our own and not a library's because the floats go straight into the matrix: no array of bytes in between.
package struct Base64Floats {
    /// What is wrong with a text.
    package enum Fault: Error {
        /// The length is no multiple of four, a character is not of the alphabet, or padding stands where none belongs.
        case notBase64
        /// The bytes are no whole number of floats, or none.
        case partOfFloat(byteCount: Int)
        /// A NaN or an infinity, at this place.
        case notFinite(component: Int)
    }

    /// The six bits of each character; 255 for those that are none.
    private let values: [UInt8]

    package init() {
        var values = [UInt8](repeating: 255, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
    }

    /// Appends the floats of a text and returns how many there are.
    package func decode(_ text: ArraySlice<UInt8>, into floats: inout [Float]) throws(Fault) -> Int {
        guard !text.isEmpty, text.count % 4 == 0 else { throw .notBase64 }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { throw .notBase64 }
        let byteCount = text.count / 4 * 3 - padding
        guard byteCount % 4 == 0, byteCount > 0 else { throw .partOfFloat(byteCount: byteCount) }
        let first = floats.count
        let exponent: UInt32 = 0x7F80_0000
        var place = text.startIndex
        let end = text.endIndex - padding
        var invalid: UInt32 = 0
        // Sixteen characters are three floats.
        while place + 16 <= end {
            let a = three(text, place, &invalid)
            let b = three(text, place + 4, &invalid)
            let c = three(text, place + 8, &invalid)
            let d = three(text, place + 12, &invalid)
            floats.append(Float(bitPattern: a | b << 24))
            floats.append(Float(bitPattern: b >> 8 | c << 16))
            floats.append(Float(bitPattern: c >> 16 | d << 8))
            place += 16
        }
        // The rest is one float (six characters and two of padding) or two (eleven and one).
        var bits: UInt64 = 0
        var bitCount = 0
        var left: UInt64 = 0
        while place < end {
            let value = values[Int(text[place])]
            invalid |= UInt32(value)
            // Bytes come out highest bits first.
            left = left << 6 | UInt64(value & 63)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bits = bits << 8 | (left >> UInt64(bitCount)) & 0xFF
            }
            place += 1
        }
        // Values above 63 are characters that are none: 255 has bits that no value has.
        guard invalid & 0xC0 == 0 else { throw .notBase64 }
        for i in (0..<(byteCount / 4 - (floats.count - first))).reversed() {
            floats.append(Float(bitPattern: UInt32(truncatingIfNeeded: bits >> UInt64(32 * i)).byteSwapped))
        }
        for i in first..<floats.count where floats[i].bitPattern & exponent == exponent {
            throw .notFinite(component: i - first)
        }
        return floats.count - first
    }

    /// Four characters as three bytes, the first one lowest.
    @inline(__always)
    private func three(_ text: ArraySlice<UInt8>, _ place: Int, _ invalid: inout UInt32) -> UInt32 {
        let a = UInt32(values[Int(text[place])])
        let b = UInt32(values[Int(text[place + 1])])
        let c = UInt32(values[Int(text[place + 2])])
        let d = UInt32(values[Int(text[place + 3])])
        invalid |= a | b | c | d
        return ((a & 63) << 26 | (b & 63) << 20 | (c & 63) << 14 | (d & 63) << 8).byteSwapped
    }
}
#endif
