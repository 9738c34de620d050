// SPDX-License-Identifier: Apache-2.0

/// Memory for a kernel call with watched margins: NaN around what is read, so that a term from outside poisons the
/// result, and a sentinel around what is written, so that a write outside is seen.
///
/// `shift` moves the base by that many elements off a 64-byte boundary, which is how unaligned bases are tested.
@safe package final class CanaryBuffer<Element> {
    private let memory: UnsafeMutableBufferPointer<Element>
    private let isCanary: (Element) -> Bool
    private let start: Int
    private let count: Int
    private static var margin: Int { 64 }

    package init(_ values: [Element], canary: Element, shift: Int, isCanary: @escaping (Element) -> Bool) {
        count = values.count
        start = Self.margin + shift
        self.isCanary = isCanary
        let total = count + 2 * Self.margin + shift
        let raw = UnsafeMutableRawPointer.allocate(byteCount: total * MemoryLayout<Element>.stride, alignment: 64)
        unsafe memory = UnsafeMutableBufferPointer(
            start: raw.bindMemory(to: Element.self, capacity: total),
            count: total
        )
        unsafe memory.initialize(repeating: canary)
        for (i, value) in values.enumerated() { unsafe memory[start + i] = value }
    }

    deinit { unsafe memory.deallocate() }

    /// The first element inside the margins.
    package var base: UnsafeMutablePointer<Element> { unsafe memory.baseAddress.unsafelyUnwrapped + start }

    /// What is inside the margins.
    package var values: [Element] { unsafe Array(memory[start..<start + count]) }

    /// Whether both margins are as they were.
    package var isIntact: Bool {
        unsafe memory[..<start].allSatisfy(isCanary) && memory[(start + count)...].allSatisfy(isCanary)
    }

    /// Whether the margins and everything for which `isOutside` holds are as they were.
    package func isIntact(outside isOutside: (Int) -> Bool) -> Bool {
        isIntact && (0..<count).allSatisfy { unsafe !isOutside($0) || isCanary(memory[start + $0]) }
    }
}

extension CanaryBuffer where Element == Float {
    /// Input of a kernel.
    package convenience init(reading values: [Float], shift: Int = 0) {
        self.init(values, canary: .nan, shift: shift) { $0.isNaN }
    }

    /// Output of a kernel: `count` floats that hold NaN, like memory that was never written.
    package convenience init(writing count: Int, shift: Int = 0) {
        let sentinel = Float(bitPattern: 0x7FC5_A5A5)
        self.init(Array(repeating: sentinel, count: count), canary: sentinel, shift: shift) {
            $0.bitPattern == sentinel.bitPattern
        }
    }
}

extension CanaryBuffer where Element == Double {
    package convenience init(writing count: Int, shift: Int = 0) {
        let sentinel = Double(bitPattern: 0x7FF8_5A5A_5A5A_5A5A)
        self.init(Array(repeating: sentinel, count: count), canary: sentinel, shift: shift) {
            $0.bitPattern == sentinel.bitPattern
        }
    }
}

extension CanaryBuffer where Element == Int32 {
    package convenience init(writing count: Int, shift: Int = 0) {
        self.init(Array(repeating: -77, count: count), canary: -77, shift: shift) { $0 == -77 }
    }
}
