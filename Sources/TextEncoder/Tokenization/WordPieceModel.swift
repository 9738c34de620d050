// SPDX-License-Identifier: Apache-2.0

/// WordPiece: the pieces that can begin a word, and those that can continue one.
struct WordPieceModel: Sendable {
    /// All pieces as they are written, `##` and all.
    private var initial: PieceTable
    /// The pieces written with the continuation prefix, without it.
    private var continuing: PieceTable
    /// The id of the word that cannot be put together from pieces.
    let unknownID: Int32
    /// A longer word, counted in Unicode scalars, is unknown without a look.
    let maxScalarsPerWord: Int

    /// Builds the tables; nil if the unknown token is not among the pieces.
    ///
    /// A piece listed twice has the id given last.
    init?(
        pieces: [Piece],
        unknownToken: String,
        continuationPrefix: String = "##",
        maxScalarsPerWord: Int = 100
    ) {
        let prefix = Array(continuationPrefix.utf8)
        initial = PieceTable(capacity: pieces.count)
        continuing = PieceTable(capacity: pieces.count)
        for piece in pieces {
            initial.insert(piece.bytes, id: piece.id)
            if piece.bytes.starts(with: prefix) {
                continuing.insert(piece.bytes.dropFirst(prefix.count), id: piece.id)
            }
        }
        guard let unknownID = initial.id(of: Array(unknownToken.utf8)) else { return nil }
        self.unknownID = unknownID
        self.maxScalarsPerWord = maxScalarsPerWord
    }

    /// The id of a piece as it is written in the vocabulary, or nil.
    func id(of piece: String) -> Int32? { initial.id(of: Array(piece.utf8)) }

    /// Splits a word into the longest pieces from left to right and appends their ids.
    ///
    /// If at some place no piece fits, the whole word is one unknown token.
    /// - Complexity: O(length of the word * length of the longest piece) byte steps at worst, near linear for real
    ///   words.
    func appendPieces(of word: borrowing Word, to ids: inout [Int32]) {
        guard word.scalarCount <= maxScalarsPerWord else {
            ids.append(unknownID)
            return
        }
        let bytes = word.bytes
        if let id = initial.id(of: bytes) {
            ids.append(id)
            return
        }
        let count = ids.count
        var place = 0
        while place < bytes.count {
            guard
                let (end, id) = place == 0
                    ? initial.longestPrefix(of: bytes, from: place) : continuing.longestPrefix(of: bytes, from: place)
            else {
                ids.removeSubrange(count...)
                ids.append(unknownID)
                return
            }
            ids.append(id)
            place = end
        }
    }
}
