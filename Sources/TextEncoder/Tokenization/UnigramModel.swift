// SPDX-License-Identifier: Apache-2.0

/// A unigram language model: of all ways to put a word together, the one whose pieces have the largest sum of scores (Kudo, "Subword
/// regularization", 2018, section 3.2), by Viterbi's algorithm in double precision as the reference computes it.
struct UnigramModel: Sendable {
    private let table: PieceTable
    /// The score of each id.
    private let scores: [Double]
    /// What a character costs that no piece covers: 10 less than the lowest score.
    private let unknownScore: Double
    let unknownID: Int32?
    /// The tokens `<0x00>` to `<0xFF>`, which what is unknown is spelled with; nil where it is the unknown token.
    private let byteIDs: [Int32]?

    /// - Parameters:
    ///   - pieces: The pieces with their places as ids; of one listed twice the last counts.
    ///   - scores: As many as there are pieces, all finite.
    init(pieces: [Piece], scores: [Double], unknownID: Int32?, spellsBytes: Bool) {
        var table = PieceTable(capacity: pieces.count)
        for piece in pieces { table.insert(piece.bytes, id: piece.id) }
        self.table = table
        self.scores = scores
        self.unknownID = unknownID
        unknownScore = (scores.min() ?? 0) - 10
        byteIDs = spellsBytes ? table.byteIDs : nil
    }

    /// The best way to a place.
    private struct Step {
        var score = 0.0
        /// Where the last piece begins; -1 for a place that is not reached.
        var start = -1
        var id: Int32 = 0
    }

    /// Appends the ids of the best way. Neighboring unknown characters are one unknown token.
    ///
    /// - Complexity: O(n * pieces that begin at a place), `24 n` bytes.
    func appendPieces(of word: [UInt8], to ids: inout [Int32]) {
        var best = [Step](repeating: Step(), count: word.count + 1)
        var place = 0
        while place < word.count {
            let score = best[place].score
            var next = place + 1
            while next < word.count, word[next] & 0xC0 == 0x80 { next += 1 }
            var coversCharacter = false
            table.forEachPrefix(of: word, from: place) { end, id in
                let candidate = scores[Int(id)] + score
                if best[end].start < 0 || candidate > best[end].score {
                    best[end] = Step(score: candidate, start: place, id: id)
                }
                if end == next { coversCharacter = true }
            }
            if !coversCharacter {
                let candidate = unknownScore + score
                if best[next].start < 0 || candidate > best[next].score {
                    best[next] = Step(score: candidate, start: place, id: unknownID ?? -1)
                }
            }
            place = next
        }
        let first = ids.count
        var end = word.count
        while end > 0 {
            var step = best[end]
            if let unknownID, step.id == unknownID {
                while step.start > 0, best[step.start].id == unknownID { step.start = best[step.start].start }
                appendUnknown(word, step.start..<end, to: &ids)
            } else if step.id < 0 {
                appendUnknown(word, step.start..<end, to: &ids)
            } else {
                ids.append(step.id)
            }
            end = step.start
        }
        ids[first...].reverse()
    }

    /// Appends what an unknown part becomes, the last token first.
    private func appendUnknown(_ word: [UInt8], _ range: Range<Int>, to ids: inout [Int32]) {
        if let id = table.id(of: word, in: range) {
            ids.append(id)
        } else if let byteIDs, word[range].allSatisfy({ byteIDs[Int($0)] >= 0 }) {
            for byte in word[range].reversed() { ids.append(byteIDs[Int(byte)]) }
        } else if let unknownID {
            ids.append(unknownID)
        }
    }
}

extension PieceTable {
    /// The ids of `<0x00>` to `<0xFF>`, -1 for those that are not there.
    var byteIDs: [Int32] {
        let digits = Array("0123456789ABCDEF".utf8)
        return (0..<256).map { byte in
            id(of: Array("<0x".utf8) + [digits[byte >> 4], digits[byte & 15]] + Array(">".utf8)) ?? -1
        }
    }
}
