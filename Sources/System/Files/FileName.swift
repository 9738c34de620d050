// SPDX-License-Identifier: Apache-2.0

/// File names are bytes, and need not be UTF-8; Swift's strings are Unicode. A byte that is no part of valid UTF-8 becomes one of the
/// last 128 scalars of plane 16, which is for private use, and goes back to that byte where a name is handed to the system. So is every
/// byte of such a scalar that is really in a name, so that nothing is ever taken for something else.
package enum FileName {
    /// U+10FF80 to U+10FFFF stand for the bytes 0x80 to 0xFF.
    private static let base: UInt32 = 0x10FF00

    /// The string of a name.
    package static func string(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        var place = 0
        while place < bytes.count {
            let length = sequenceLength(bytes[place])
            let end = min(place + length, bytes.count)
            if let scalar = String(validating: bytes[place..<end], as: UTF8.self)?.unicodeScalars.first,
                scalar.value < base + 0x80
            {
                text.append(scalar)
                place = end
            } else {
                if let scalar = Unicode.Scalar(base + UInt32(bytes[place])) { text.append(scalar) }
                place += 1
            }
        }
        return String(text)
    }

    private static func sequenceLength(_ first: UInt8) -> Int {
        first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    }

    /// The bytes of a name.
    package static func bytes(_ name: String) -> [UInt8] {
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return Array(name.utf8) }
        return name.unicodeScalars.flatMap { scalar -> [UInt8] in
            if scalar.value >= base + 0x80 { return [UInt8(truncatingIfNeeded: scalar.value)] }
            return Array(String(scalar).utf8)
        }
    }

    /// A message in which names can be read: a byte that is no UTF-8 is written as `\xE9`.
    package static func displayed(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value >= base + 0x80 }) else { return text }
        return text.unicodeScalars.map { scalar in
            guard scalar.value >= base + 0x80 else { return String(scalar) }
            return "\\x" + String(scalar.value & 0xFF, radix: 16, uppercase: true)
        }.joined()
    }

    /// The arguments of the process, its own name aside.
    package static var arguments: [String] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { i in
            guard let argument = unsafe CommandLine.unsafeArgv[i] else { return nil }
            return unsafe string(pointer: argument)
        }
    }

    /// The string of a name as the system gives it.
    static func string(pointer: UnsafePointer<CChar>) -> String {
        var bytes: [UInt8] = []
        var place = unsafe pointer
        while unsafe place.pointee != 0 {
            unsafe bytes.append(UInt8(bitPattern: place.pointee))
            unsafe place += 1
        }
        return string(bytes)
    }
}

extension String {
    /// The name for a call of the system: its bytes, and a zero.
    var systemName: [CChar] { FileName.bytes(self).map { CChar(bitPattern: $0) } + [0] }
}
