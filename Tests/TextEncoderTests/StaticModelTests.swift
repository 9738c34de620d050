// SPDX-License-Identifier: Apache-2.0

// Static models against the same means in Double: both layouts, every element type, weights, mappings, what is left out and cut, what is refused; and
// their making from a transformer of random weights.

import Foundation
import Similarity
import Testing
import TextEncoder

/// A folder of model2vec, made in the test.
struct SmallStaticModel {
    var pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "##a", "ab", "."]
    var width = 19
    var rowCount = 10
    var elementType = "F32"
    var weights: [Float]?
    var mapping: [Int64]?
    var configuration: [String: Any]? = ["model_type": "model2vec", "normalize": true]
    var modules: [(type: String, path: String)]?
    /// Where tensors and vocabulary lie.
    var subfolder = ""
    var tensorName = "embeddings"

    /// The number in a row and a column; whole, so that every type holds it.
    func value(_ row: Int, _ column: Int) -> Int { (row * 31 + column * 17) % 23 - 11 }

    func write() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        if let configuration { try folder.write(json: configuration, to: "config.json") }
        if let modules {
            try folder.write(json: modules.map { ["type": $0.type, "path": $0.path] }, to: "modules.json")
        }
        try folder.write(Array(pieces.joined(separator: "\n").utf8), to: "\(subfolder)vocab.txt")
        var (header, data): ([String: Any], [UInt8]) = ([:], [])
        func add(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
            header[name] = ["dtype": type, "shape": shape, "data_offsets": [data.count, data.count + bytes.count]]
            data += bytes
        }
        if let mapping {
            add(
                "mapping",
                "I64",
                [mapping.count],
                mapping.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
            )
        }
        if let weights {
            add(
                "weights",
                "F32",
                [weights.count],
                weights.flatMap { w in (0..<4).map { UInt8(truncatingIfNeeded: w.bitPattern >> (8 * $0)) } }
            )
        }
        let values = (0..<rowCount).flatMap { row in (0..<width).map { value(row, $0) } }
        add(tensorName, elementType, [rowCount, width], values.flatMap { bytes(of: $0) })
        try folder.write(SmallModel.safetensors(header: header, data: data), to: "\(subfolder)model.safetensors")
        return folder
    }

    private func bytes(of value: Int) -> [UInt8] {
        let bits = Float(value).bitPattern
        switch elementType {
        case "I8": return [UInt8(bitPattern: Int8(value))]
        case "BF16": return [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 24)]
        case "F16":
            let magnitude = abs(value)
            if magnitude == 0 { return [0, 0] }
            let exponent = Int.bitWidth - 1 - magnitude.leadingZeroBitCount
            let half = (value < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | (magnitude << (10 - exponent)) & 0x3FF
            return [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
        default: return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
    }

    /// The mean of tokens, in Double.
    func mean(_ ids: [Int], unitLength: Bool) -> [Double] {
        var mean = [Double](repeating: 0, count: width)
        for id in ids {
            let row = mapping.map { Int($0[id]) } ?? id
            for j in 0..<width { mean[j] += Double(value(row, j)) * Double(weights?[id] ?? 1) / Double(ids.count) }
        }
        let norm = unitLength ? mean.reduce(0) { $0 + $1 * $1 }.squareRoot() : 1
        return mean.map { $0 / max(norm, 1e-12) }
    }
}

@Suite struct StaticModelTests {
    private func expect(
        _ model: SmallStaticModel,
        _ text: String,
        _ ids: [Int],
        unitLength: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let encoder = try model.write().encoder()
        #expect(encoder.tokenIDs(for: text) == ids, sourceLocation: sourceLocation)
        let found = try encoder.encode([text, text]).vectors
        #expect(found.dimension == model.width && found[0] == found[1], sourceLocation: sourceLocation)
        for (x, y) in zip(found[0], model.mean(ids, unitLength: unitLength)) {
            #expect(abs(Double(x) - y) < 1e-6 * max(1, abs(y)), sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: ["F32", "F16", "BF16", "I8"]) func aTextHasTheMeanOfItsTokens(type: String) throws {
        var model = SmallStaticModel()
        model.elementType = type
        try expect(model, "a b ab.", [4, 5, 8, 9])
        model.weights = (0..<10).map { Float($0) / 7 + 0.25 }
        try expect(model, "a b ab.", [4, 5, 8, 9])
        // Tokens share rows.
        model.rowCount = 4
        model.mapping = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
        try expect(model, "a b ab. a", [4, 5, 8, 9, 4])
        model.configuration?["normalize"] = false
        try expect(model, "c ba", [6, 5, 7], unitLength: false)
    }

    @Test func unknownTokensAreLeftOutAndLongTextsAreCut() throws {
        var model = SmallStaticModel()
        try expect(model, "a zzz b", [4, 5])
        model.configuration?["max_length"] = 3
        let encoder = try model.write().encoder()
        #expect(encoder.maxTokenCount == 3)
        let found = try encoder.encode(["a", "a b c a", "", "zzz", "a b c"])
        #expect(found.cutTexts == [1] && found.emptyTexts == [2, 3])
        #expect(found.vectors[1] == found.vectors[4] && found.vectors[2].allSatisfy { $0 == 0 })
        model.configuration?["max_length"] = NSNull()
        let unlimited = try model.write().encoder()
        #expect(
            unlimited.maxTokenCount == .max
                && unlimited.tokenIDs(for: String(repeating: "a ", count: 5000)).count == 5000
        )
    }

    @Test(arguments: ["", "0_StaticEmbedding/"]) func theLayoutOfSentenceTransformersIsRead(subfolder: String) throws {
        var model = SmallStaticModel()
        model.configuration = nil
        model.tensorName = "embedding.weight"
        model.subfolder = subfolder
        model.modules = [("sentence_transformers.models.StaticEmbedding", String(subfolder.dropLast()))]
        // There the unknown token has its vector.
        try expect(model, "a zzz b", [4, 1, 5], unitLength: false)
        model.modules?.append(("sentence_transformers.models.Normalize", "1_Normalize"))
        try expect(model, "a zzz b", [4, 1, 5])
    }

    @Test func theSameBytesForAnyNumberOfWorkers() throws {
        let encoder = try SmallStaticModel().write().encoder()
        let texts = (0..<700).map { ["a", "b c", "ab. ab", "", "ba ba c"][$0 % 5] }
        let one = try encoder.encode(texts, options: RunOptions(workers: Workers(count: 1))).vectors
        let two = try encoder.encode(texts, options: RunOptions(workers: Workers(count: 2))).vectors
        for row in texts.indices { #expect(one[row] == two[row] && one[row] == one[row % 5]) }
    }

    @Test func foldersThatCannotBeReadAreRefusedByName() throws {
        func refusal(_ change: (inout SmallStaticModel) -> Void) throws -> String {
            var model = SmallStaticModel()
            change(&model)
            let folder = try model.write()
            return #expect(throws: ModelError.self) { try folder.encoder() }?.description ?? ""
        }
        #expect(try refusal { $0.mapping = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10] }.contains("a token row 10"))
        #expect(try refusal { $0.mapping = [0, 1, -1, 3, 4, 5, 6, 7, 8, 9] }.contains("a token row -1"))
        #expect(try refusal { $0.weights = [1, 2] }.contains("2 factors for 10 tokens"))
        #expect(try refusal { $0.weights = [Float](repeating: .nan, count: 10) }.contains("nan"))
        #expect(try refusal { $0.rowCount = 9 }.contains("vectors of 9 tokens, but the tokenizer has ids up to 9"))
        #expect(try refusal { $0.tensorName = "other" }.contains("expected a tensor \"embeddings\""))
        #expect(try refusal { $0.configuration?["max_length"] = 0 }.contains("max_length"))
        let dense = try refusal {
            $0.configuration = nil
            $0.modules = [("a.StaticEmbedding", ""), ("a.Dense", "1_Dense")]
        }
        #expect(dense.contains("Dense"))
    }
}

@Suite struct StaticDistillationTests {
    private static let texts = [
        "a b", "ab c", "b a a b.", "c", "aba bab", "c c e", "é b", "B a", "e.", "a.", "b c", "ab ab",
    ]

    private func written(_ model: StaticDistillation) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (name, bytes) in model.files { try folder.write(bytes, to: name) }
        return folder
    }

    private func agreement(_ model: StaticDistillation, with vectors: VectorMatrix) throws -> Double {
        let found = try written(model).encoder().encode(Self.texts).vectors
        let a = try found.similarityMatrix()
        let b = try vectors.similarityMatrix()
        var (x, y): ([Float], [Float]) = ([], [])
        for i in Self.texts.indices {
            for j in 0..<i {
                x.append(a[i, j])
                y.append(b[i, j])
            }
        }
        return RankCorrelation.pearson(x, y) ?? 0
    }

    @Test func textsToLearnFromBringAStaticModelNearItsSource() throws {
        let source = try SmallModel().write()
        let vectors = try source.encoder().encode(Self.texts).vectors
        let plain = try StaticDistillation(of: source.path, dimension: 8)
        // [PAD], [UNK], [CLS], [SEP] and [MASK] have none.
        #expect(plain.dimension == 8 && plain.tokenCount == 11 && (0...1.0001).contains(plain.retainedVariance))
        #expect(
            Set(plain.files.map(\.name)) == [
                "model.safetensors", "config.json", "modules.json", "vocab.txt", "tokenizer_config.json",
            ]
        )
        let learned = try StaticDistillation(of: source.path, dimension: 8, learningFrom: Self.texts)
        let (before, after) = try (agreement(plain, with: vectors), agreement(learned, with: vectors))
        #expect(after > 0.3 && after > before + 0.2, "\(before) \(after)")
        let again = try StaticDistillation(
            of: source.path,
            dimension: 8,
            learningFrom: Self.texts,
            options: RunOptions(workers: Workers(count: 1))
        )
        #expect(zip(learned.files, again.files).allSatisfy { $0.name == $1.name && $0.bytes == $1.bytes })
        // More components than there are.
        #expect(try StaticDistillation(of: source.path, dimension: 99).dimension == 15)
    }

    @Test func aStaticModelIsNoSource() throws {
        let folder = try SmallStaticModel().write()
        let error = #expect(throws: ModelError.self) { try StaticDistillation(of: folder.path) }
        #expect(error?.message.contains("static model already") == true)
    }

    @Test func cancellationEndsIt() throws {
        let source = try SmallModel().write()
        let flag = CancellationFlag()
        flag.cancel()
        #expect(throws: CancellationError.self) {
            try StaticDistillation(of: source.path, options: RunOptions(cancellation: flag))
        }
    }
}
