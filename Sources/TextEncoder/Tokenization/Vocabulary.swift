// SPDX-License-Identifier: Apache-2.0

/// A WordPiece vocabulary: the pieces that can begin a word, and those that can continue one.
struct Vocabulary: Sendable {
    /// All pieces as they are written, `##` and all.
    private var initial: PieceTable
    /// The pieces written with the continuation prefix, without it.
    private var continuing: PieceTable
    /// The id of the word that cannot be put together from pieces.
    let unknownID: Int32
    /// A longer word, counted in Unicode scalars, is unknown without a look.
    let maxScalarsPerWord: Int
    /// The median of the scalars of a piece, rounded down.
    let medianLength: Int
    /// One more than the largest id.
    let idBound: Int

    /// Builds the tables; nil if the unknown token is not among the pieces.
    ///
    /// A piece listed twice has the id given last.
    init?(
        pieces: [(piece: [UInt8], id: Int32)],
        unknownToken: String,
        continuationPrefix: String = "##",
        maxScalarsPerWord: Int = 100
    ) {
        let prefix = Array(continuationPrefix.utf8)
        initial = PieceTable(capacity: pieces.count)
        continuing = PieceTable(capacity: pieces.count)
        var idBound = 0
        for (piece, id) in pieces {
            initial.insert(piece, id: id)
            if piece.starts(with: prefix) { continuing.insert(piece.dropFirst(prefix.count), id: id) }
            idBound = max(idBound, Int(id) + 1)
        }
        guard let unknownID = initial.id(of: Array(unknownToken.utf8)) else { return nil }
        self.unknownID = unknownID
        let lengths = pieces.map { $0.piece.count { $0 & 0xC0 != 0x80 } }.sorted()
        medianLength = (lengths[(lengths.count - 1) / 2] + lengths[lengths.count / 2]) / 2
        self.maxScalarsPerWord = maxScalarsPerWord
        self.idBound = idBound
    }

    /// The id of a piece as it is written in the vocabulary, or nil.
    func id(of piece: String) -> Int32? { initial.id(of: Array(piece.utf8)) }

    /// Splits a word into the longest pieces from left to right and appends their ids.
    ///
    /// If at some place no piece fits, the whole word is one unknown token.
    /// - Complexity: O(length of the word * length of the longest piece) byte steps at worst, near linear for real
    ///   words.
    func appendPieces(of word: [UInt8], scalarCount: Int, to ids: inout [Int32]) {
        guard scalarCount <= maxScalarsPerWord else {
            ids.append(unknownID)
            return
        }
        let count = ids.count
        var place = 0
        while place < word.count {
            let table = place == 0 ? initial : continuing
            guard let (end, id) = table.longestPrefix(of: word, from: place) else {
                ids.removeSubrange(count...)
                ids.append(unknownID)
                return
            }
            ids.append(id)
            place = end
        }
    }
}
