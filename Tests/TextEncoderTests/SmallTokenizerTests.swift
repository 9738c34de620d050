// SPDX-License-Identifier: Apache-2.0

// Tokenizer settings that the real model does not use: cased vocabularies, `vocab.txt` alone, flags of added tokens,
// other limits. Vocabularies are a dozen pieces long, so the expected ids can be read off. Equality with the reference
// on real texts is in `ReferenceModelTests`.

import Foundation
import Testing
import TextEncoder

@Suite struct SmallTokenizerTests {
    // [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, a 5, b 6, c 7, ##a 8, ##b 9, ab 10, . 11, B 12, e 13, É 14, é 15
    private func ids(
        _ text: String,
        _ settings: [String: Any] = ["do_lower_case": true],
        sentence: [String: Any]? = nil
    ) throws -> [Int] {
        var model = SmallModel()
        model.tokenizerConfiguration = settings
        model.sentenceConfiguration = sentence
        return try model.write().encoder().tokenIDs(for: text)
    }

    private func ids(_ text: String, tokenizer: [String: Any]) throws -> [Int] {
        let folder = try SmallModel().write()
        try folder.write(json: tokenizer, to: "tokenizer.json")
        return try folder.encoder().tokenIDs(for: text)
    }

    @Test func theLongestPieceIsTakenFirst() throws {
        #expect(try ids("aba") == [2, 10, 8, 3])
        #expect(try ids("abba ba.") == [2, 10, 9, 8, 6, 8, 11, 3])
    }

    @Test func aWordThatCannotBePutTogetherIsOneUnknownToken() throws {
        #expect(try ids("abc a") == [2, 1, 5, 3])
        #expect(try ids("a" + String(repeating: "a", count: 100)) == [2, 1, 3])
    }

    @Test func anUncasedVocabularyStripsCaseAndAccents() throws {
        #expect(try ids("B É é") == [2, 6, 13, 13, 3])
    }

    @Test func aCasedVocabularyKeepsCaseAndAccents() throws {
        #expect(try ids("B É é e\u{301}", ["do_lower_case": false]) == [2, 12, 14, 15, 1, 3])
        #expect(try ids("B É", ["do_lower_case": false, "strip_accents": true]) == [2, 12, 1, 3])
        #expect(try ids("B É", ["do_lower_case": true, "strip_accents": false]) == [2, 6, 15, 3])
        #expect(try ids("B", ["do_lower_case": false], sentence: ["do_lower_case": true]) == [2, 6, 3])
    }

    @Test func specialTokensInTheTextAreThemselves() throws {
        #expect(try ids("a[MASK]b [SEP]") == [2, 5, 4, 6, 3, 3])
        #expect(try ids("[mask]") == [2, 1, 1, 1, 3])
    }

    @Test func longTextsAreCutAndTheSuffixIsKept() throws {
        #expect(try ids(String(repeating: "a ", count: 99)) == [2] + Array(repeating: 5, count: 10) + [3])
        #expect(try ids("a b c ab", sentence: ["max_seq_length": 4]) == [2, 5, 6, 3])
        // sentence-transformers 6 has the limit elsewhere; the other one goes before it, and a number of no meaning is none.
        #expect(try ids("a b c ab", ["model_max_length": 4]) == [2, 5, 6, 3])
        #expect(try ids("a b c ab", ["model_max_length": 4], sentence: ["max_seq_length": 5]) == [2, 5, 6, 7, 3])
        #expect(try ids("a b c ab", ["model_max_length": 1e30]) == [2, 5, 6, 7, 10, 3])
        // Never more than the model has positions.
        #expect(try ids(String(repeating: "a ", count: 99), sentence: ["max_seq_length": 400]).count == 12)
    }

    private static func tokenizer(
        added: [[String: Any]] = [],
        normalizer: Any = ["type": "BertNormalizer", "lowercase": true],
        more: [String: Any] = [:]
    ) -> [String: Any] {
        let pieces = SmallModel().pieces
        let vocabulary = Dictionary(uniqueKeysWithValues: pieces.enumerated().map { ($1, $0) })
        return [
            "added_tokens": added, "normalizer": normalizer, "pre_tokenizer": ["type": "BertPreTokenizer"],
            "post_processor": ["type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]],
            "model": ["type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 4, "vocab": vocabulary]
                as [String: Any],
        ].merging(more) { $1 }
    }

    @Test func theTokenizerFileIsPreferredAndItsSettingsHold() throws {
        #expect(try ids("aaaa aaaaa", tokenizer: Self.tokenizer()) == [2, 5, 8, 8, 8, 1, 3])
        #expect(
            try ids("B", tokenizer: Self.tokenizer(normalizer: ["type": "BertNormalizer", "lowercase": false])) == [
                2, 12, 3,
            ]
        )
        let cut = Self.tokenizer(more: ["truncation": ["max_length": 5, "direction": "Right"] as [String: Any]])
        #expect(try ids("a a a a a a", tokenizer: cut) == [2, 5, 5, 5, 3])
    }

    @Test func addedTokensHonorTheirFlags() throws {
        func added(_ flags: [String: Any]) -> [String: Any] {
            Self.tokenizer(added: [["id": 7, "content": "XY"].merging(flags) { $1 }])
        }
        #expect(try ids("aXYb", tokenizer: added([:])) == [2, 5, 7, 6, 3])
        #expect(try ids("a xy b", tokenizer: added([:])) == [2, 5, 1, 6, 3])
        #expect(try ids("a xy b", tokenizer: added(["normalized": true])) == [2, 5, 7, 6, 3])
        #expect(try ids("aXY XY.", tokenizer: added(["single_word": true])) == [2, 1, 7, 11, 3])
        #expect(try ids("a XY b", tokenizer: added(["lstrip": true, "rstrip": true])) == [2, 5, 7, 6, 3])
    }

    /// Texts in ASCII are read in a way of their own, which a character beyond ASCII at the end turns off.
    @Test func textsInASCIIHaveTheIDsOfAllOthers() throws {
        var numbers = RepeatableNumbers(seed: 11)
        let characters = (0..<128).map { Character(Unicode.Scalar(UInt8($0))) }
        let texts = (0..<400).map { _ in
            String(
                (0..<Int.random(in: 0...30, using: &numbers)).map { _ in
                    Bool.random(using: &numbers)
                        ? Character(["a", "b", "B", "e", ".", " "].randomElement(using: &numbers) ?? "a")
                        : characters.randomElement(using: &numbers) ?? "a"
                }
            )
        }
        for cleans in [true, false] {
            for lowercases in [true, false] {
                let normalizer: [String: Any] = [
                    "type": "BertNormalizer", "clean_text": cleans, "lowercase": lowercases,
                ]
                var tokenizer = Self.tokenizer(added: [["id": 7, "content": "~~"]], normalizer: normalizer)
                tokenizer["truncation"] = NSNull()
                var model = SmallStaticModel()
                model.rowCount = 20
                model.configuration?["max_length"] = NSNull()
                let folder = try model.write()
                try folder.write(json: tokenizer, to: "tokenizer.json")
                let encoder = try folder.encoder()
                for text in texts {
                    let other = encoder.tokenIDs(for: text + "\u{3000}\u{E9}")
                    let end = encoder.tokenIDs(for: "\u{E9}")
                    #expect(end.count == 1 && other.last == end.last)
                    #expect(encoder.tokenIDs(for: text) == other.dropLast(), "\(text.debugDescription)")
                }
            }
        }
    }

    @Test func tokenizersOfAnotherKindAreRefusedByName() throws {
        for (key, value) in [("model", "WordLevel"), ("pre_tokenizer", "Split"), ("normalizer", "NFKC")] {
            let error = #expect(throws: ModelError.self) {
                try ids("a", tokenizer: Self.tokenizer(more: [key: ["type": value]]))
            }
            #expect(error?.message.contains(value) == true && error?.message.contains(key) == true)
        }
    }
}
