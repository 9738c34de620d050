// SPDX-License-Identifier: Apache-2.0

// Tokenizers of static models that are no BERT's: Unigram, byte pairs, and what they do to a text before. `Fixtures/make-tokenizers.py` trained
// small ones and asked the reference for the ids.

import Foundation
import Testing
import TextEncoder

@Suite struct TokenizerKindTests {
    private struct Kind {
        let name: String
        let size: Int
        let ids: [[Int]]
        let tokenizer: [String: Any]
    }

    private struct Texts: Decodable { let texts: [String] }

    private static func fixture() throws -> (texts: [String], kinds: [Kind]) {
        let file = try #require(
            Bundle.module.url(forResource: "tokenizers", withExtension: "json", subdirectory: "Fixtures")
        )
        let document = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let elements = try #require(document?["tokenizers"] as? [[String: Any]])
        let kinds = try elements.map { element in
            Kind(
                name: try #require(element["name"] as? String),
                size: try #require(element["size"] as? Int),
                ids: try #require(element["ids"] as? [[Int]]),
                tokenizer: try #require(element["tokenizer"] as? [String: Any])
            )
        }
        // JSONSerialization drops a byte order mark at the start of a string.
        return (try JSONDecoder().decode(Texts.self, from: Data(contentsOf: file)).texts, kinds)
    }

    /// A static model of one component a token, with the tokenizer.
    private func encoder(_ tokenizer: [String: Any], tokens: Int) throws -> SentenceEncoder {
        var model = SmallStaticModel()
        model.rowCount = tokens
        model.configuration?["max_length"] = NSNull()
        let folder = try model.write()
        try folder.write(json: tokenizer, to: "tokenizer.json")
        return try folder.encoder()
    }

    @Test func idsAreThoseOfTheReference() throws {
        let (texts, kinds) = try Self.fixture()
        #expect(kinds.count == 7 && texts.count == 79)
        for kind in kinds {
            let encoder = try encoder(kind.tokenizer, tokens: kind.size)
            #expect(kind.ids.count == texts.count)
            for (text, ids) in zip(texts, kind.ids) {
                #expect(encoder.tokenIDs(for: text) == ids, "\(kind.name): \(text.debugDescription)")
            }
        }
    }

    private struct Expected: Decodable {
        let name: String
        let texts: [String]
        let ids: [[Int]]
    }

    /// Larger ones, and some hundred thousand texts, which `scripts/test-tokenizers` draws.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SIMILE_TOKENIZER_ORACLE"] != nil))
    func idsOfDrawnTextsAreThoseOfTheReference() throws {
        let path = ProcessInfo.processInfo.environment["SIMILE_TOKENIZER_ORACLE"] ?? ""
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        #expect(names.count >= 7)
        for name in names {
            let data = try #require(FileManager.default.contents(atPath: "\(path)/\(name)/expected.json"))
            let expected = try JSONDecoder().decode(Expected.self, from: data)
            let encoder = try SentenceEncoder(folder: "\(path)/\(name)")
            #expect(expected.texts.count == expected.ids.count && expected.texts.count > 1000)
            for (text, ids) in zip(expected.texts, expected.ids) where encoder.tokenIDs(for: text) != ids {
                Issue.record(
                    "\(expected.name): \(text.debugDescription): expected \(ids), found \(encoder.tokenIDs(for: text))"
                )
            }
        }
    }

    @Test func longTextsTakeTimeInProportion() throws {
        let text = String(repeating: "How do I reset my password? 日本 \u{1F600} ", count: 4000)
        for kind in try Self.fixture().kinds {
            let encoder = try encoder(kind.tokenizer, tokens: kind.size)
            let ids = encoder.tokenIDs(for: text)
            #expect(ids.count > 30_000 && ids.allSatisfy { $0 < kind.size }, "\(kind.name)")
        }
    }

    /// The tokenizer of a name with a member changed, by a path of keys.
    private func changed(_ name: String, _ path: [String], _ value: Any?) throws -> ([String: Any], Int) {
        let kind = try #require(try Self.fixture().kinds.first { $0.name == name })
        func change(_ object: [String: Any], _ path: ArraySlice<String>) -> [String: Any] {
            guard let key = path.first else { return object }
            var object = object
            object[key] = path.count == 1 ? value : change(object[key] as? [String: Any] ?? [:], path.dropFirst())
            return object
        }
        return (change(kind.tokenizer, path[...]), kind.size)
    }

    @Test func whatIsDamagedOrNotSupportedIsRefusedByName() throws {
        let pairs = "byte pairs of words"
        let faults: [(kind: String, path: [String], value: Any?, words: String)] = [
            (pairs, ["model", "merges"], nil, "model.merges must be a list"),
            (pairs, ["model", "merges"], ["a"], "model.merges[0] must be two pieces"),
            (pairs, ["model", "merges"], [["a", "~~"]], "\"~~\" is not in the vocabulary"),
            (pairs, ["model", "merges"], ["a \u{1F600}"], "is not in the vocabulary"),
            (pairs, ["model", "dropout"], 0.1, "model.dropout is 0.1"),
            (pairs, ["model", "end_of_word_suffix"], "</w>", "model.end_of_word_suffix is not supported"),
            (pairs, ["model", "unk_token"], "[none]", "model.unk_token \"[none]\" is not in the vocabulary"),
            (pairs, ["normalizer"], ["type": "NFKC"], "normalizer NFKC is not supported"),
            (pairs, ["normalizer"], ["type": "Sequence"], "which must have normalizers"),
            (pairs, ["normalizer"], ["type": "NFD"], "normalizer NFD is not supported"),
            (
                pairs, ["normalizer"], ["type": "Replace", "pattern": ["Regex": "[0-9]"], "content": ""],
                "the pattern an object is not supported"
            ),
            (pairs, ["pre_tokenizer"], ["type": "Split"], "pre_tokenizer Split is not supported"),
            (pairs, ["pre_tokenizer"], ["type": "Metaspace", "replacement": "ab"], "must be one character"),
            ("unigram", ["model", "vocab"], [[String]](), "must be a list of pieces and scores"),
            ("unigram", ["model", "vocab"], [["a", "b"]], "model.vocab[0] must be a piece and its score"),
            ("unigram", ["model", "unk_id"], 100_000, "unk_id must be an integer"),
            ("unigram", ["model", "type"], "WordLevel", "found \"WordLevel\""),
            ("unigram", ["normalizer"], ["type": "Precompiled", "precompiled_charsmap": "!"], "is damaged"),
            ("unigram", ["normalizer"], ["type": "Precompiled", "precompiled_charsmap": "AAAA"], "is damaged"),
        ]
        for (kind, path, value, words) in faults {
            let (tokenizer, size) = try changed(kind, path, value)
            let error = #expect(throws: ModelError.self) { try encoder(tokenizer, tokens: size) }
            #expect(error?.description.contains(words) == true, "\(words): \(error?.description ?? "")")
        }
    }

    @Test func aDamagedCharacterMapNeverReadsBeyondItself() throws {
        let kind = try #require(try Self.fixture().kinds.first { $0.name == "unigram with a character map" })
        let steps = try #require((kind.tokenizer["normalizer"] as? [String: Any])?["normalizers"] as? [[String: Any]])
        let text = try #require(steps.first?["precompiled_charsmap"] as? String)
        let map = [UInt8](try #require(Data(base64Encoded: text)))
        var numbers = RepeatableNumbers(seed: 7)
        let texts = try Self.fixture().texts.joined(separator: " ")
        for _ in 0..<40 {
            var damaged = map
            // The count at the start stays, and the replacements: they are checked when the map is read.
            for _ in 0..<40 {
                damaged[Int.random(in: 4..<max(5, damaged.count * 3 / 4), using: &numbers)] = .random(
                    in: 0...127,
                    using: &numbers
                )
            }
            let normalizer: [String: Any] = [
                "type": "Precompiled", "precompiled_charsmap": Data(damaged).base64EncodedString(),
            ]
            var tokenizer = kind.tokenizer
            tokenizer["normalizer"] = normalizer
            do { #expect(try encoder(tokenizer, tokens: kind.size).tokenIDs(for: texts).isEmpty == false) } catch let
                error as ModelError
            {
                #expect(error.message.contains("damaged"))
            }
        }
    }
}
