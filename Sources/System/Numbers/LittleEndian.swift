// SPDX-License-Identifier: Apache-2.0

// Numbers as bytes, the lowest byte first, as all formats that are read and written here have them.

extension Span<UInt8> {
    /// The integer whose lowest byte stands at `place`.
    ///
    /// - Precondition: all of its bytes are inside.
    @inlinable
    package func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self, at place: Int) -> T {
        precondition(
            place >= 0 && place <= count - MemoryLayout<T>.size,
            "\(MemoryLayout<T>.size) bytes at \(place) of \(count)"
        )
        return unsafe withUnsafeBytes { bytes in
            unsafe T(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: T.self))
        }
    }
}

extension [UInt8] {
    /// Appends the bytes of an integer.
    @inlinable
    package mutating func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
        unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
    }

    /// Appends the bytes of floats in IEEE single precision.
    @inlinable
    package mutating func append(littleEndian floats: some Sequence<Float>) {
        for value in floats { append(littleEndian: value.bitPattern) }
    }

    /// Puts the bytes of an integer in the place of others.
    ///
    /// - Precondition: all of them are inside.
    @inlinable
    package mutating func put<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T, at place: Int) {
        var rest = value
        for i in 0..<MemoryLayout<T>.size {
            self[place + i] = UInt8(truncatingIfNeeded: rest)
            rest = T(truncatingIfNeeded: UInt64(truncatingIfNeeded: rest) &>> 8)
        }
    }
}

extension FixedWidthInteger where Self: BitwiseCopyable {
    /// The bytes of the integer.
    @inlinable package var littleEndianBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: self)
        return bytes
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Span<UInt8> {
    /// A copy of some of the bytes.
    ///
    /// - Precondition: the range is inside.
    package func copy(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
        return unsafe withUnsafeBytes { bytes in unsafe Array(bytes[range]) }
    }

    /// The floats of IEEE single precision that the bytes are.
    ///
    /// - Precondition: a multiple of four bytes.
    package func floats() -> [Float] {
        precondition(count % 4 == 0, "\(count) bytes are no floats")
        return unsafe [Float](unsafeUninitializedCapacity: count / 4) { target, initialized in
            unsafe withUnsafeBytes { source in
                guard let input = source.baseAddress, let output = target.baseAddress else { return }
                unsafe UnsafeMutableRawPointer(output).copyMemory(from: input, byteCount: count)
            }
            initialized = count / 4
        }
    }
}

extension MutableSpan<Float> {
    /// Puts some floats in the place of others.
    ///
    /// - Precondition: they are there, and all of them fit.
    package mutating func put(_ floats: [Float], _ range: Range<Int>, at place: Int) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= floats.count && place >= 0 && range.count <= count - place
        )
        unsafe withUnsafeMutableBufferPointer { target in
            unsafe floats.withUnsafeBufferPointer { source in
                guard let input = source.baseAddress, let output = target.baseAddress else { return }
                unsafe (output + place).update(from: input + range.lowerBound, count: range.count)
            }
        }
    }
}
