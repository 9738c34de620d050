// SPDX-License-Identifier: Apache-2.0

/// Floats as clients of OpenAI take them: little-endian, in Base64 (RFC 4648, section 4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func text(of values: some Collection<Float>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * values.count)
        for value in values {
            let bits = value.bitPattern
            for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
            }
        }
        return text(ofBytes: bytes)
    }

    package static func text(ofBytes bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for i in 0..<3 { group = group << 8 | (i < count ? UInt32(bytes[start + i]) : 0) }
            for i in 0..<4 {
                text.append(i <= count ? alphabet[Int(group >> UInt32(18 - 6 * i) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
