// SPDX-License-Identifier: Apache-2.0

import StrictJSON

extension JSONDocument {
    /// The model of a `tokenizer.json`, with all pieces of its vocabulary.
    func tokenModel() throws(ModelError) -> (model: TokenModel, pieces: [Piece]) {
        let model = JSONDocument(file: file, value: value["model"] ?? .null)
        // Files of old have no type.
        switch model.value["type"]?.text ?? (model.value["merges"] == nil ? nil : "BPE") {
        case "WordPiece": return try model.wordPiece()
        case "Unigram": return try model.unigram()
        case "BPE": return try model.bytePairs()
        default:
            throw error(
                "model must be of type WordPiece, Unigram or BPE, found \(model.value["type"]?.summary ?? "none")"
            )
        }
    }

    private func wordPiece() throws(ModelError) -> (TokenModel, [Piece]) {
        let pieces = try vocabulary()
        let unknown = try text("unk_token", or: "[UNK]")
        let model = WordPieceModel(
            pieces: pieces,
            unknownToken: unknown,
            continuationPrefix: try text("continuing_subword_prefix", or: "##"),
            maxScalarsPerWord: try integer("max_input_chars_per_word", in: 1...1_000_000, or: 100)
        )
        guard let model else { throw error("the vocabulary does not have the unknown token \"\(unknown)\"") }
        return (.wordPiece(model), pieces)
    }

    private func unigram() throws(ModelError) -> (TokenModel, [Piece]) {
        guard let elements = value["vocab"]?.elements, !elements.isEmpty, elements.count < Tokenizer.idLimit else {
            throw error("model.vocab must be a list of pieces and scores")
        }
        var pieces: [Piece] = []
        var scores: [Double] = []
        for (id, element) in elements.enumerated() {
            guard let pair = element.elements, pair.count == 2, let score = pair[1].double, score.isFinite,
                let piece = pair[0].text
            else { throw error("model.vocab[\(id)] must be a piece and its score, found \(element.summary)") }
            pieces.append(Piece(bytes: Array(piece.utf8), id: Int32(id)))
            scores.append(score)
        }
        let unknown = try integerIfPresent("unk_id", in: 0...pieces.count - 1)
        let model = UnigramModel(
            pieces: pieces,
            scores: scores,
            unknownID: unknown.map { Int32($0) },
            spellsBytes: try flag("byte_fallback") ?? false
        )
        return (.unigram(model), pieces)
    }

    private func bytePairs() throws(ModelError) -> (TokenModel, [Piece]) {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] where try !text(key, or: "").isEmpty {
            throw error("model.\(key) is not supported with BPE, found \(value[key]?.summary ?? "")")
        }
        if let dropout = value["dropout"]?.double, dropout != 0 {
            throw error("model.dropout is \(dropout), which makes ids of chance; only 0 is supported")
        }
        let pieces = try vocabulary()
        var table = PieceTable(capacity: pieces.count)
        for piece in pieces { table.insert(piece.bytes, id: piece.id) }
        func id(_ piece: String, _ purpose: String) throws(ModelError) -> Int32 {
            guard let id = table.id(of: Array(piece.utf8)) else {
                throw error("\(purpose) \"\(piece)\" is not in the vocabulary")
            }
            return id
        }
        guard let elements = value["merges"]?.elements, elements.count < Tokenizer.idLimit else {
            throw error("model.merges must be a list of pairs")
        }
        var merges: [UInt64: BytePairModel.Merge] = [:]
        merges.reserveCapacity(elements.count)
        for (rank, element) in elements.enumerated() {
            let parts =
                element.text.map { $0.unicodeScalars.split(separator: " ").map { String($0) } }
                ?? (element.elements ?? []).compactMap(\.text)
            guard parts.count == 2 else {
                throw error("model.merges[\(rank)] must be two pieces, found \(element.summary)")
            }
            let key = BytePairModel.key(
                try id(parts[0], "model.merges[\(rank)]:"),
                try id(parts[1], "model.merges[\(rank)]:")
            )
            let merged = try id(parts[0] + parts[1], "model.merges[\(rank)] makes")
            merges[key] = BytePairModel.Merge(rank: Int32(rank), id: merged)
        }
        var unknown: Int32?
        if let name = value["unk_token"]?.text { unknown = try id(name, "model.unk_token") }
        let model = BytePairModel(
            table: table,
            merges: merges,
            unknownID: unknown,
            fusesUnknown: try flag("fuse_unk") ?? false,
            spellsBytes: try flag("byte_fallback") ?? false,
            prefersWholeWords: try flag("ignore_merges") ?? false
        )
        return (.bytePairs(model), pieces)
    }

    /// The pieces of `vocab`, an object of ids.
    private func vocabulary() throws(ModelError) -> [Piece] {
        guard let members = value["vocab"]?.members else { throw error("model.vocab must be an object") }
        var pieces: [Piece] = []
        pieces.reserveCapacity(members.count)
        for member in members {
            guard let id = member.value.integer, (0..<Tokenizer.idLimit).contains(id) else {
                throw error("model.vocab gives \"\(member.key)\" no id, but \(member.value.summary)")
            }
            pieces.append(Piece(bytes: Array(member.key.utf8), id: Int32(id)))
        }
        return pieces
    }
}
