// SPDX-License-Identifier: Apache-2.0

/// Byte-pair encoding: a word begins as its characters, and of all neighbors the pair that was learned first is merged, until none is left that
/// was learned (Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units", 2016, section 3.2).
struct BytePairModel: Sendable {
    /// How early a pair was learned, and what it becomes.
    struct Merge: Sendable {
        let rank: Int32
        let id: Int32
    }

    private let table: PieceTable
    /// By `left << 32 | right`.
    private let merges: [UInt64: Merge]
    let unknownID: Int32?
    /// Neighboring unknown characters are one token.
    private let fusesUnknown: Bool
    /// The tokens `<0x00>` to `<0xFF>`, which unknown characters are spelled with; nil where they are not.
    private let byteIDs: [Int32]?
    /// A word that is a piece is that piece, whatever the merges are.
    private let prefersWholeWords: Bool

    init(
        table: PieceTable,
        merges: [UInt64: Merge],
        unknownID: Int32?,
        fusesUnknown: Bool,
        spellsBytes: Bool,
        prefersWholeWords: Bool
    ) {
        self.table = table
        self.merges = merges
        self.unknownID = unknownID
        self.fusesUnknown = fusesUnknown
        byteIDs = spellsBytes ? table.byteIDs : nil
        self.prefersWholeWords = prefersWholeWords
    }

    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// A part of the word, in a list of those that are left.
    private struct Symbol {
        var id: Int32
        var previous: Int
        var next: Int
        /// Whether it has become a part of the one before it.
        var isMerged = false
    }

    /// Appends the ids of a word.
    ///
    /// - Complexity: O(n log n).
    func appendPieces(of word: [UInt8], to ids: inout [Int32]) {
        if prefersWholeWords, let id = table.id(of: word) {
            ids.append(id)
            return
        }
        var symbols = symbols(of: word)
        var queue = MergeQueue()
        func offer(_ place: Int) {
            let next = symbols[place].next
            guard next < symbols.count, let merge = merges[Self.key(symbols[place].id, symbols[next].id)] else {
                return
            }
            queue.insert(MergeQueue.Entry(rank: merge.rank, place: place, id: merge.id))
        }
        for place in symbols.indices { offer(place) }
        while let first = queue.removeFirst() {
            let place = first.place
            guard !symbols[place].isMerged, symbols[place].next < symbols.count else { continue }
            let next = symbols[place].next
            // The entry may be of a pair that is no more.
            guard let merge = merges[Self.key(symbols[place].id, symbols[next].id)], merge.id == first.id else {
                continue
            }
            symbols[place].id = merge.id
            symbols[next].isMerged = true
            symbols[place].next = symbols[next].next
            if symbols[place].next < symbols.count { symbols[symbols[place].next].previous = place }
            if symbols[place].previous >= 0 { offer(symbols[place].previous) }
            offer(place)
        }
        for symbol in symbols where !symbol.isMerged { ids.append(symbol.id) }
    }

    /// The characters of a word: pieces, bytes, unknown ones; without an unknown token those are left out.
    private func symbols(of word: [UInt8]) -> [Symbol] {
        var found: [Int32] = []
        found.reserveCapacity(word.count)
        var isUnknownPending = false
        var place = 0
        while place < word.count {
            var next = place + 1
            while next < word.count, word[next] & 0xC0 == 0x80 { next += 1 }
            if let id = table.id(of: word, in: place..<next) {
                if isUnknownPending, let unknownID { found.append(unknownID) }
                isUnknownPending = false
                found.append(id)
            } else if let byteIDs, word[place..<next].allSatisfy({ byteIDs[Int($0)] >= 0 }) {
                for byte in word[place..<next] { found.append(byteIDs[Int(byte)]) }
            } else if let unknownID {
                if isUnknownPending, !fusesUnknown { found.append(unknownID) }
                isUnknownPending = true
            }
            place = next
        }
        if isUnknownPending, let unknownID { found.append(unknownID) }
        return found.enumerated().map { Symbol(id: $1, previous: $0 - 1, next: $0 + 1) }
    }
}

/// The merges that are possible, the one learned first before others, of equal ones the leftmost: a binary heap.
private struct MergeQueue {
    struct Entry {
        let rank: Int32
        let place: Int
        let id: Int32

        func comes(before other: Self) -> Bool { (rank, place) < (other.rank, other.place) }
    }

    private var entries: [Entry] = []

    mutating func insert(_ entry: Entry) {
        var place = entries.count
        entries.append(entry)
        while place > 0, entry.comes(before: entries[(place - 1) / 2]) {
            entries[place] = entries[(place - 1) / 2]
            place = (place - 1) / 2
        }
        entries[place] = entry
    }

    mutating func removeFirst() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first }
        var place = 0
        while 2 * place + 1 < entries.count {
            var child = 2 * place + 1
            if child + 1 < entries.count, entries[child + 1].comes(before: entries[child]) { child += 1 }
            guard entries[child].comes(before: last) else { break }
            entries[place] = entries[child]
            place = child
        }
        entries[place] = last
        return first
    }
}
