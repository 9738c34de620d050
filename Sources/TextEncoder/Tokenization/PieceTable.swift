// SPDX-License-Identifier: Apache-2.0

/// A piece of a vocabulary, as it is written there, and its token id.
struct Piece: Sendable {
    let bytes: [UInt8]
    let id: Int32

    var scalarCount: Int { bytes.count { $0 & 0xC0 != 0x80 } }
}

/// A hash table from the UTF-8 bytes of word pieces to their ids, made for finding the longest piece at a place.
///
/// Keys are bytes, not `String`: strings that are canonically equivalent compare equal in Swift, yet are different
/// pieces to BERT. The hash of a prefix grows byte by byte (FNV-1a), so one walk over the text tries every length.
struct PieceTable: Sendable {
    private var bytes: [UInt8] = []
    /// The bytes of entry `i` are `bytes[starts[i]..<starts[i + 1]]`.
    private var starts: [Int] = [0]
    private var ids: [Int32] = []
    /// Entry numbers, or -1; a power of two in number, at most half of them taken.
    private var slots: [Int32]
    private var longest = 0
    /// One bit for the hash of each beginning of a piece: where the bit of a beginning is not set, no piece begins so, and a walk can end.
    private var beginnings: [UInt64]

    /// A table with room for so many pieces.
    init(capacity: Int) {
        var slotCount = 16
        while slotCount < 2 * capacity { slotCount *= 2 }
        slots = Array(repeating: -1, count: slotCount)
        // Some ten beginnings a piece at most, and one bit of six of them set.
        beginnings = Array(repeating: 0, count: slotCount / 2)
    }

    /// Adds a piece; a piece that is there already gets the new id.
    ///
    /// - Precondition: no more pieces than the capacity asked for.
    mutating func insert(_ piece: some Sequence<UInt8>, id: Int32) {
        let start = bytes.count
        bytes.append(contentsOf: piece)
        var hash = Self.seed
        for byte in bytes[start...] {
            hash = Self.extend(hash, by: byte)
            let bit = Int(truncatingIfNeeded: hash >> 20)
            beginnings[(bit >> 6) & (beginnings.count - 1)] |= 1 << UInt64(bit & 63)
        }
        let key = bytes[start...]
        var slot = Int(hash & UInt64(slots.count - 1))
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            if bytes[starts[entry]..<starts[entry + 1]].elementsEqual(key) {
                ids[entry] = id
                bytes.removeSubrange(start...)
                return
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        precondition(2 * ids.count < slots.count, "a piece table of \(slots.count / 2) entries is full")
        slots[slot] = Int32(ids.count)
        ids.append(id)
        longest = max(longest, bytes.count - start)
        starts.append(bytes.count)
    }

    /// The id of a piece, or nil.
    func id(of piece: [UInt8]) -> Int32? { id(of: piece, in: piece.indices) }

    /// The id of the piece that stands in a range of the bytes, or nil.
    func id(of text: [UInt8], in range: Range<Int>) -> Int32? {
        guard !range.isEmpty, range.count <= longest else { return nil }
        var hash = Self.seed
        for place in range { hash = Self.extend(hash, by: text[place]) }
        return id(hash: hash, text: text, range: range)
    }

    /// The longest piece that the bytes have at `start`, with the place after it; nil if there is none.
    ///
    /// An empty piece is never found.
    /// - Complexity: one table look-up a character, at most as many as the longest piece has.
    func longestPrefix(of text: [UInt8], from start: Int) -> (end: Int, id: Int32)? {
        var found: (end: Int, id: Int32)?
        forEachPrefix(of: text, from: start) { found = ($0, $1) }
        return found
    }

    /// Calls a function with the end and the id of each piece that the bytes have at `start`, shorter ones first.
    func forEachPrefix(of text: [UInt8], from start: Int, _ body: (_ end: Int, _ id: Int32) -> Void) {
        var hash = Self.seed
        var end = start
        let limit = min(text.count, start + longest)
        while end < limit {
            hash = Self.extend(hash, by: text[end])
            end += 1
            let bit = Int(truncatingIfNeeded: hash >> 20)
            guard beginnings[(bit >> 6) & (beginnings.count - 1)] >> UInt64(bit & 63) & 1 == 1 else { return }
            // Inside a multi-byte character no piece can end.
            if end < text.count, text[end] & 0xC0 == 0x80 { continue }
            if let id = id(hash: hash, text: text, range: start..<end) { body(end, id) }
        }
    }

    private func id(hash: UInt64, text: [UInt8], range: Range<Int>) -> Int32? {
        var slot = Int(hash & UInt64(slots.count - 1))
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            let start = starts[entry]
            if starts[entry + 1] - start == range.count {
                var same = 0
                while same < range.count, bytes[start + same] == text[range.lowerBound + same] { same += 1 }
                if same == range.count { return ids[entry] }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    /// FNV-1a with the high half folded in, because slots are picked by the low bits.
    private static func extend(_ hash: UInt64, by byte: UInt8) -> UInt64 {
        let product = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        return product ^ (product >> 32)
    }
}
