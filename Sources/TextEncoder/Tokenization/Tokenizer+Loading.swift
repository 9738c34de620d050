// SPDX-License-Identifier: Apache-2.0

import StrictJSON
internal import System

extension Tokenizer {
    /// Reads the tokenizer of a model folder: `tokenizer.json`, else `vocab.txt` with `tokenizer_config.json`.
    ///
    /// - Parameter addsSpecialTokens: Whether the tokens before and after a text are needed; if not, there are none.
    init(_ folder: ModelFolder, addsSpecialTokens: Bool = true) throws(ModelError) {
        if let document = try folder.documentIfPresent("tokenizer.json") {
            self = try Self(document, addsSpecialTokens: addsSpecialTokens)
        } else if let bytes = try folder.bytesIfPresent("vocab.txt") {
            let configuration = try folder.documentIfPresent("tokenizer_config.json")
            self = try Self(
                vocabulary: bytes.bytes(in: 0..<bytes.byteCount),
                file: folder.path(of: "vocab.txt"),
                configuration,
                addsSpecialTokens: addsSpecialTokens
            )
        } else {
            throw ModelError(file: folder.path, "there is neither a tokenizer.json nor a vocab.txt")
        }
    }

    /// Reads a `tokenizer.json`.
    ///
    /// Parts that no model known to us has are refused by their name.
    private init(_ document: JSONDocument, addsSpecialTokens: Bool) throws(ModelError) {
        let normalizer = try document.normalizer()
        let preTokenizer = try document.preTokenizer()
        let (model, pieces) = try document.tokenModel()
        var raw: [AddedToken] = []
        var normalized: [AddedToken] = []
        for element in document.value["added_tokens"]?.elements ?? [] {
            let (token, isNormalized) = try document.addedToken(element, normalizer)
            if isNormalized { normalized.append(token) } else { raw.append(token) }
        }
        self.init(
            model,
            normalizer,
            preTokenizer,
            rawTokens: raw,
            normalizedTokens: normalized,
            special: addsSpecialTokens ? try document.specialTokens() : ([], []),
            truncation: try document.truncation(),
            pieces: pieces
        )
    }

    /// Builds the tokenizer from a list of pieces, one a line, the line number being the id.
    private init(
        vocabulary bytes: [UInt8],
        file: String,
        _ configuration: JSONDocument?,
        addsSpecialTokens: Bool
    ) throws(ModelError) {
        let pieces = Self.pieces(ofLines: bytes)
        func token(_ key: String, or name: String) -> String {
            configuration?.value[key]?.text ?? configuration?.value[key]?["content"]?.text ?? name
        }
        let unknown = token("unk_token", or: "[UNK]")
        guard let vocabulary = WordPieceModel(pieces: pieces, unknownToken: unknown) else {
            throw ModelError(file: file, "the unknown token \"\(unknown)\" is not among the \(pieces.count) pieces")
        }
        func required(_ key: String, or name: String) throws(ModelError) -> Int32 {
            let name = token(key, or: name)
            guard let id = vocabulary.id(of: name) else {
                throw ModelError(file: file, "\(key) \"\(name)\" is not among the \(pieces.count) pieces")
            }
            return id
        }
        let lowercases = try configuration?.flag("do_lower_case") ?? true
        let normalizer = BERTNormalizer(
            cleansText: true,
            spacesIdeographs: try configuration?.flag("tokenize_chinese_chars") ?? true,
            stripsAccents: try configuration?.flag("strip_accents") ?? lowercases,
            lowercases: lowercases
        )
        let special = [try required("cls_token", or: "[CLS]"), try required("sep_token", or: "[SEP]")]
        let names = [unknown, token("pad_token", or: "[PAD]"), token("mask_token", or: "[MASK]")]
        let ids = special + names.compactMap { vocabulary.id(of: $0) }
        let texts =
            [token("cls_token", or: "[CLS]"), token("sep_token", or: "[SEP]")]
            + names.filter { vocabulary.id(of: $0) != nil }
        self.init(
            .wordPiece(vocabulary),
            Normalizer(steps: [.bert(normalizer)]),
            PreTokenizer(steps: [.bert]),
            rawTokens: zip(ids, texts).map { AddedToken(id: $0, content: Array($1.unicodeScalars)) },
            normalizedTokens: [],
            special: addsSpecialTokens ? ([special[0]], [special[1]]) : ([], []),
            truncation: nil,
            pieces: pieces
        )
    }

    static let idLimit = 1 << 31

    /// The pieces of the vocabulary in a model folder, as they are written.
    static func pieces(_ folder: ModelFolder) throws(ModelError) -> [Piece] {
        if let document = try folder.documentIfPresent("tokenizer.json") { return try document.tokenModel().pieces }
        guard let bytes = try folder.bytesIfPresent("vocab.txt") else { return [] }
        return pieces(ofLines: bytes.bytes(in: 0..<bytes.byteCount))
    }

    private static func pieces(ofLines bytes: [UInt8]) -> [Piece] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.enumerated().map { id, line in
            Piece(bytes: Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line), id: Int32(clamping: id))
        }
    }
}

extension JSONDocument {
    /// An added token, and whether it is looked for in the normalized text.
    fileprivate func addedToken(
        _ element: JSONValue,
        _ normalizer: Normalizer
    ) throws(ModelError) -> (AddedToken, isNormalized: Bool) {
        let token = JSONDocument(file: file, value: element)
        let id = try token.integer("id", in: 0...Tokenizer.idLimit - 1)
        let isNormalized = try token.flag("normalized") ?? false
        guard let content = element["content"]?.text else { throw error("added token \(id) has no content") }
        let scalars = Array(content.unicodeScalars)
        let added = AddedToken(
            id: Int32(id),
            content: isNormalized ? normalizer.normalize(scalars[...]) : scalars,
            standsAlone: try token.flag("single_word") ?? false,
            takesSpaceBefore: try token.flag("lstrip") ?? false,
            takesSpaceAfter: try token.flag("rstrip") ?? false
        )
        return (added, isNormalized)
    }

    /// The ids that the post-processor puts before and after a single text.
    fileprivate func specialTokens() throws(ModelError) -> (prefix: [Int32], suffix: [Int32]) {
        let processor = value["post_processor"] ?? .null
        func ids(_ value: JSONValue?) throws(ModelError) -> [Int32] {
            let ids = (value?.elements ?? []).compactMap { $0.integer.flatMap { Int32(exactly: $0) } }.filter {
                $0 >= 0
            }
            guard !ids.isEmpty else { throw error("post_processor names a special token without an id") }
            return ids
        }
        switch processor["type"]?.text {
        case "TemplateProcessing":
            var sides: [[Int32]] = [[]]
            for element in processor["single"]?.elements ?? [] {
                if element["Sequence"] != nil {
                    sides.append([])
                } else if let name = element["SpecialToken"]?["id"]?.text {
                    sides[sides.count - 1] += try ids(processor["special_tokens"]?[name]?["ids"])
                }
            }
            guard sides.count == 2 else { throw error("post_processor.single must hold the text once") }
            guard !sides[0].isEmpty || !sides[1].isEmpty else {
                throw error("post_processor.single must have a special token")
            }
            return (sides[0], sides[1])
        case "BertProcessing":
            guard let cls = processor["cls"]?.elements?.last, let sep = processor["sep"]?.elements?.last else {
                throw error("post_processor must name cls and sep")
            }
            return (try ids(.array([cls])), try ids(.array([sep])))
        // Without special tokens a text could have no tokens at all, and so no vector.
        case nil where processor.isNull: throw error("post_processor must put special tokens around a text, found null")
        default: throw error("post_processor must be TemplateProcessing or BertProcessing")
        }
    }

    fileprivate func truncation() throws(ModelError) -> Int? {
        guard let truncation = value["truncation"], !truncation.isNull else { return nil }
        let settings = JSONDocument(file: file, value: truncation)
        let direction = try settings.text("direction", or: "Right")
        guard direction == "Right" else {
            throw error("truncation.direction \"\(direction)\" is not supported, only Right")
        }
        return try settings.integer("max_length", in: 1...1_048_576)
    }
}
