// SPDX-License-Identifier: Apache-2.0

// A random BERT of width 15 with two layers, written by the test, against the same mathematics in Double: pooling
// modes, activations, norms, tensor names, element types, tokenizer settings, order, duplicates, cancellation,
// workers. Widths that are no multiples of four run every tail. Works without the real model, on every GEMM provider of
// the build.
//
// Tolerance: values are of the order of 1 and go through some 60 dependent roundings and sums of at most 22 terms in
// single precision; 2e-5 is about 300 units in the last place, and a dropped term moves results by 1e-2 or more.

import Foundation
import Similarity
import SimilarityKernels
import Synchronization
import Testing
import TextEncoder
import TransformerKernels

@Suite struct SmallModelTests {
    /// The same bytes are promised for one setting of OpenBLAS, which other suites of this process put to one thread.
    static let tolerance = 2e-5
    static let texts = ["a", "ab c", "", "b a a b.", "c", "aba bab c c c c c c c c c c c c", "ab c", "zzz"]

    private func expect(
        _ model: SmallModel,
        provider: GEMM.Provider = GEMM.preferred,
        unitLength: Bool,
        _ pool: ([[Double]]) -> [Double],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try model.write()
        let encoder = try folder.encoder(provider: provider)
        let vectors = try encoder.encode(Self.texts).vectors
        #expect(
            vectors.dimension == model.hidden && vectors.rowCount == Self.texts.count,
            sourceLocation: sourceLocation
        )
        for (row, text) in Self.texts.enumerated() {
            var expected = pool(model.tokenRows(encoder.tokenIDs(for: text)))
            if unitLength {
                let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
                expected = expected.map { $0 / norm }
            }
            for (found, wanted) in zip(vectors[row], expected) {
                #expect(abs(Double(found) - wanted) < Self.tolerance, "\(text)", sourceLocation: sourceLocation)
            }
        }
    }

    private static func mean(_ rows: [[Double]]) -> [Double] {
        rows[0].indices.map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
    }

    private static func maximum(_ rows: [[Double]]) -> [Double] {
        rows[0].indices.map { column in rows.map { $0[column] }.max() ?? 0 }
    }

    @Test(arguments: GEMM.providers) func aFolderWithoutModulesGetsMeanPoolingAndUnitLength(provider: GEMM.Provider)
        throws
    {
        try expect(SmallModel(), provider: provider, unitLength: true, Self.mean)
    }

    @Test func poolingIsReadFromItsConfiguration() throws {
        var model = SmallModel()
        model.pooling = [
            "word_embedding_dimension": 15, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false,
        ]
        try expect(model, unitLength: true) { $0[0] }
        model.pooling = ["pooling_mode_cls_token": false, "pooling_mode_max_tokens": true]
        try expect(model, unitLength: true, Self.maximum)
        model.pooling = ["pooling_mode": "mean"]
        try expect(model, unitLength: true, Self.mean)
    }

    @Test func modulesWithoutNormalizeLeaveTheLength() throws {
        var model = SmallModel()
        model.modules = ["sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling"]
        try expect(model, unitLength: false, Self.mean)
        model.modules?.append("sentence_transformers.models.Normalize")
        try expect(model, unitLength: true, Self.mean)
    }

    @Test(arguments: ["Tanh", "Identity", "ReLU"]) func aDenseModuleFollowsThePooling(activation: String) throws {
        var model = SmallModel()
        var numbers = RepeatableNumbers(seed: 5)
        let values = numbers.floats(7 * 16, bound: 0.5)
        model.dense = (7, activation, values)
        model.modules = ["a.Transformer", "a.Pooling", "a.Dense", "a.Dropout", "a.Normalize"]
        let folder = try model.write()
        let encoder = try folder.encoder()
        #expect(encoder.dimension == 7)
        let vectors = try encoder.encode(Self.texts).vectors
        for (row, text) in Self.texts.enumerated() {
            let pooled = Self.mean(model.tokenRows(encoder.tokenIDs(for: text)))
            var expected = (0..<7).map { out in
                let sum = (0..<15).reduce(Double(values[7 * 15 + out])) {
                    $0 + Double(values[out * 15 + $1]) * pooled[$1]
                }
                return activation == "Tanh" ? tanh(sum) : activation == "ReLU" ? max(sum, 0) : sum
            }
            let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
            expected = expected.map { $0 / max(norm, 1e-12) }
            for (found, wanted) in zip(vectors[row], expected) { #expect(abs(Double(found) - wanted) < Self.tolerance) }
        }
        #expect(throws: ModelError.self) { try StaticDistillation(of: folder.path) }
    }

    @Test func promptsAreThoseOfTheReference() throws {
        var model = SmallModel()
        #expect(try model.write().encoder().prompt(for: .query).isEmpty)
        model.transformersConfiguration = [
            "prompts": ["query": "a ", "passage": "b ", "other": "c "], "default_prompt_name": "other",
        ]
        let encoder = try model.write().encoder()
        #expect(
            encoder.prompt(for: .query) == "a " && encoder.prompt(for: .document) == "b "
                && encoder.prompt(for: nil) == "c "
        )
        #expect(encoder.promptTexts == ["query": "a ", "passage": "b ", "other": "c "])
        model.transformersConfiguration = ["prompts": ["query": "a "], "default_prompt_name": NSNull()]
        let queries = try model.write().encoder()
        #expect(
            queries.prompt(for: .query) == "a " && queries.prompt(for: .document).isEmpty
                && queries.prompt(for: nil).isEmpty
        )
        model.transformersConfiguration = ["prompts": ["query": 7]]
        #expect(throws: ModelError.self) { try model.write().encoder() }
        model.transformersConfiguration = ["prompts": ["query": "a "], "default_prompt_name": "none"]
        #expect(throws: ModelError.self) { try model.write().encoder() }
        model.transformersConfiguration = ["prompts": ["query": "a "]]
        model.pooling = ["pooling_mode_mean_tokens": true, "include_prompt": false]
        #expect(throws: ModelError.self) { try model.write().encoder() }
    }

    @Test(arguments: ["relu", "gelu_new"]) func otherActivationsAreComputed(name: String) throws {
        var model = SmallModel()
        model.configuration["hidden_act"] = name
        try expect(model, unitLength: true, Self.mean)
    }

    @Test func tensorNamesMayHaveThePrefixBert() throws {
        var model = SmallModel()
        model.prefix = "bert."
        try expect(model, unitLength: true, Self.mean)
    }

    @Test func oldNamesOfLayerNormsAreKnown() throws {
        var model = SmallModel()
        for index in model.tensors.indices where model.tensors[index].name.contains("LayerNorm") {
            let name = model.tensors[index].name
            model.tensors[index].name =
                name.hasSuffix("weight") ? String(name.dropLast(6)) + "gamma" : String(name.dropLast(4)) + "beta"
        }
        let folder = try model.write()
        let modern = try SmallModel().write()
        let found = try folder.encoder().encode(Self.texts).vectors
        let wanted = try modern.encoder().encode(Self.texts).vectors
        for row in Self.texts.indices { #expect(found[row] == wanted[row]) }
    }

    @Test func weightsInBFloat16AreWidenedExactly() throws {
        var model = SmallModel()
        for index in model.tensors.indices {
            model.tensors[index].values = model.tensors[index].values.map {
                Float(bitPattern: $0.bitPattern & 0xFFFF_0000)
            }
        }
        model.elementType = "BF16"
        try expect(model, unitLength: true, Self.mean)
    }

    @Test func weightsThatAreNotAlignedAreRead() throws {
        let model = SmallModel()
        let folder = try model.write()
        let bytes = try model.safetensors()
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let wanted = try folder.encoder().encode(Self.texts).vectors
        for padding in 1...3 {
            let header = bytes[8..<8 + length] + Array(repeating: UInt8(ascii: " "), count: padding)
            try folder.write(
                SmallModel.safetensors(headerBytes: Array(header), data: Array(bytes[(8 + length)...])),
                to: "model.safetensors"
            )
            let found = try folder.encoder().encode(Self.texts).vectors
            for row in Self.texts.indices { #expect(found[row] == wanted[row]) }
        }
    }

    @Test func equalTokenSequencesAreEncodedOnce() throws {
        let folder = try SmallModel().write()
        let encoder = try folder.encoder()
        let seen = Mutex<[RunProgress]>([])
        let options = RunOptions(progress: { progress in seen.withLock { $0.append(progress) } })
        let vectors = try encoder.encode(["a", "b", "A", " a ", "b", "zz", "yy"], options: options).vectors
        let last = try #require(seen.withLock { $0.last })
        // Three distinct texts of three tokens each.
        #expect(last.unit == .tokens && last.total == 9 && last.completed == 9 && last.fraction == 1)
        #expect(
            vectors[0] == vectors[2] && vectors[0] == vectors[3] && vectors[1] == vectors[4] && vectors[5] == vectors[6]
        )
        #expect(vectors[0] != vectors[1])
    }

    @Test func rowsAreInTheOrderOfTheTextsAndTheSameForAnyNumberOfWorkers() throws {
        let folder = try SmallModel().write()
        let encoder = try folder.encoder()
        var numbers = RepeatableNumbers(seed: 7)
        let texts = (0..<3_000).map { _ in
            (0..<Int.random(in: 0...12, using: &numbers)).map { _ in
                ["a", "b", "c", "ab", "."].randomElement(using: &numbers) ?? "a"
            }.joined(separator: " ")
        }
        let one = try encoder.encode(texts, options: RunOptions(workers: .single)).vectors
        for count in 2...3 {
            let several = try encoder.encode(texts, options: RunOptions(workers: Workers(count: count))).vectors
            #expect(texts.indices.allSatisfy { several[$0] == one[$0] }, "\(count) workers")
        }
        for row in [0, 1, 1_500, 2_999] {
            let alone = try encoder.encode([texts[row]]).vectors
            for (x, y) in zip(alone[0], one[row]) { #expect(abs(x - y) < 1e-5) }
        }
    }

    @Test func noTextsGiveAMatrixOfNoRows() throws {
        let folder = try SmallModel().write()
        let vectors = try folder.encoder().encode([]).vectors
        #expect(vectors.rowCount == 0 && vectors.dimension == 15)
    }

    @Test func aSetFlagCancelsAndSoDoesOneThatIsSetOnTheWay() throws {
        let folder = try SmallModel().write()
        let encoder = try folder.encoder()
        let texts = (0..<4_000).map { number in
            String(number, radix: 3).map { ["a", "b", "c"][$0.wholeNumberValue ?? 0] }.joined(separator: " ")
        }
        let flag = CancellationFlag()
        let calls = Mutex(0)
        #expect(throws: CancellationError.self) {
            let tell: @Sendable (RunProgress) -> Void = { _ in
                calls.withLock { $0 += 1 }
                flag.cancel()
            }
            let options = RunOptions(workers: .single, cancellation: flag, progress: tell)
            return try encoder.encode(texts, options: options)
        }
        #expect(calls.withLock { $0 } == 1)
        #expect(throws: CancellationError.self) { try encoder.encode(["a"], options: RunOptions(cancellation: flag)) }
    }

    @Test func aVectorThatIsNotFiniteIsAnError() throws {
        var model = SmallModel()
        model.tensors[0].values[5 * 15 + 3] = .nan
        let folder = try model.write()
        let encoder = try folder.encoder()
        let error = #expect(throws: ModelError.self) { try encoder.encode(["b", "a"]) }
        #expect(error?.description.contains("text 1") == true && error?.file.hasSuffix("model.safetensors") == true)
    }
}
