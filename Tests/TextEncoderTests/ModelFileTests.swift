// SPDX-License-Identifier: Apache-2.0

// Model folders that must be refused: each with an error that names the file and the fault, none with a crash. Every
// case starts from a folder that loads and changes one thing.

import Foundation
import Testing
import TextEncoder

@Suite struct ModelFileTests {
    /// Expects loading to fail with an error about the file that has all the words in its message.
    private func expectRefusal(
        _ folder: TemporaryFolder,
        file: String,
        _ words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) {
            try folder.encoder()
        }
        #expect(error?.file == "\(folder.path)/\(file)", sourceLocation: sourceLocation)
        for word in words {
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
        }
    }

    @Test func aWholeFolderLoads() throws {
        let folder = try SmallModel().write()
        let encoder = try SentenceEncoder(folder: folder.path + "/")
        #expect(encoder.dimension == 15 && encoder.maxTokenCount == 12)
    }

    @Test(arguments: ["config.json", "model.safetensors"]) func aMissingFileIsNamed(file: String) throws {
        let folder = try SmallModel().write()
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
        expectRefusal(folder, file: file, ["missing"])
    }

    @Test func aFolderWithoutTokenizerIsRefused() throws {
        let folder = try SmallModel().write()
        try FileManager.default.removeItem(atPath: "\(folder.path)/vocab.txt")
        let error = #expect(throws: ModelError.self) { try folder.encoder() }
        #expect(error?.message.contains("tokenizer.json nor a vocab.txt") == true)
    }

    @Test(arguments: [
        ("model_type", "roberta", "roberta"), ("hidden_act", "silu", "silu"),
        ("position_embedding_type", "relative_key", "relative_key"),
    ]) func kindsThatAreNotComputedAreRefusedByName(key: String, value: String, word: String) throws {
        var model = SmallModel()
        model.configuration[key] = value
        expectRefusal(try model.write(), file: "config.json", [key, word])
    }

    @Test(arguments: [
        ("hidden_size", 0), ("hidden_size", -3), ("hidden_size", 1 << 40), ("num_attention_heads", 4),
        ("num_hidden_layers", 1 << 30), ("vocab_size", 0), ("layer_norm_eps", 2),
    ]) func sizesThatCannotBeAreRefused(key: String, value: Int) throws {
        var model = SmallModel()
        model.configuration[key] = value
        expectRefusal(try model.write(), file: "config.json", [key])
    }

    @Test func aMissingSizeIsNamed() throws {
        var model = SmallModel()
        model.configuration["intermediate_size"] = nil
        expectRefusal(try model.write(), file: "config.json", ["intermediate_size is missing"])
    }

    @Test func shapesThatDoNotFitTheConfigurationAreRefused() throws {
        var model = SmallModel()
        model.configuration["intermediate_size"] = 23
        expectRefusal(
            try model.write(),
            file: "model.safetensors",
            ["encoder.layer.0.intermediate.dense.weight", "[23, 15]", "[22, 15]"]
        )
        model = SmallModel()
        model.configuration["num_hidden_layers"] = 3
        expectRefusal(try model.write(), file: "model.safetensors", ["encoder.layer.2", "missing"])
    }

    @Test func aTokenizerWithIdsBeyondTheTableIsRefused() throws {
        var model = SmallModel()
        model.pieces += ["more", "pieces"]
        expectRefusal(try model.write(), file: "config.json", ["vocab_size is 16", "17"])
    }

    @Test func poolingAndModulesThatAreNotComputedAreRefusedByName() throws {
        var model = SmallModel()
        model.pooling = ["pooling_mode_mean_sqrt_len_tokens": true, "pooling_mode_mean_tokens": false]
        expectRefusal(try model.write(), file: "1_Pooling/config.json", ["mean_sqrt_len_tokens"])
        model.pooling = ["pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true]
        expectRefusal(try model.write(), file: "1_Pooling/config.json", ["mean_tokens", "cls_token"])
        model.pooling = ["pooling_mode_mean_tokens": false]
        expectRefusal(try model.write(), file: "1_Pooling/config.json", ["no pooling mode"])
        model.pooling = ["word_embedding_dimension": 16, "pooling_mode_mean_tokens": true]
        expectRefusal(try model.write(), file: "1_Pooling/config.json", ["16", "15"])
        model.pooling = nil
        model.modules = ["a.Transformer", "a.Pooling", "a.LayerNorm", "a.Normalize"]
        expectRefusal(try model.write(), file: "modules.json", ["LayerNorm"])
        model.modules = ["a.Transformer", "a.Pooling", "a.Dense", "a.Normalize"]
        expectRefusal(try model.write(), file: "2_Dense/config.json", ["missing"])
        model.dense = (7, "SiLU", [Float](repeating: 0, count: 7 * 16))
        expectRefusal(try model.write(), file: "2_Dense/config.json", ["SiLU"])
        model.dense = (7, "Tanh", [])
        expectRefusal(try model.write(), file: "2_Dense/model.safetensors", ["tensor"])
    }

    @Test func aMissingModelNamesTheFolderAndTheScript() throws {
        let folder = try TemporaryFolder()
        let location = ModelLocation(cacheFolder: folder.path)
        let error = #expect(throws: ModelError.self) { try location.folder() }
        #expect(error?.file == "\(folder.path)/simile/models/all-MiniLM-L6-v2")
        #expect(error?.message.contains("scripts/fetch-model") == true)
        #expect(throws: ModelError.self) { try location.folder(of: "no-such-model") }
        #expect(throws: ModelError.self) { try location.folder(of: "..") }
        let model = try SmallModel().write()
        #expect(try location.folder(of: model.path) == model.path)
        withExtendedLifetime(model) {}
    }

    @Test func damagedSafetensorsAreRefused() throws {
        let folder = try SmallModel().write()
        let good = try SmallModel().safetensors()
        func expect(_ bytes: [UInt8], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
            try folder.write(bytes, to: "model.safetensors")
            expectRefusal(folder, file: "model.safetensors", words, sourceLocation: sourceLocation)
        }
        func expect(header: String, data: Int, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation)
            throws
        {
            let bytes = SmallModel.safetensors(headerBytes: Array(header.utf8), data: Array(repeating: 0, count: data))
            try folder.write(bytes, to: "model.safetensors")
            expectRefusal(folder, file: "model.safetensors", words, sourceLocation: sourceLocation)
        }
        try expect([], "too short")
        try expect([1, 2, 3], "too short", "3")
        try expect(Array(repeating: 0xFF, count: 8), "18446744073709551615")
        try expect(Array(repeating: 0xFF, count: 7) + [0x7F] + good, "9223372036854775807")
        try expect(Array(good.dropLast()), "data_offsets")
        try expect(Array(good[..<200]), "header is said to have")
        try expect(good + [0], "has been cut")
        try expect(header: "", data: 0, "not valid JSON")
        try expect(header: "[]", data: 0, "must be an object")
        try expect(header: "{\"t\":", data: 0, "not valid JSON")
        try expect(header: String(repeating: "[", count: 100_000), data: 0, "nested deeper")
        try expect(header: #"{"t":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, data: 4, "dtype", "F33")
        try expect(header: #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}"#, data: 5, "takes 4 bytes", "5")
        try expect(header: #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, data: 4, "data_offsets")
        try expect(header: #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, data: 4, "within 0 to 4")
        try expect(header: #"{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, data: 4, "0 or more")
        try expect(header: #"{"t":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, data: 4, "0 or more")
        try expect(
            header: #"{"t":{"dtype":"F32","shape":[4503599627370496,4503599627370496],"data_offsets":[0,4]}}"#,
            data: 4,
            "too large"
        )
        try expect(header: #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[1e300,1e301]}}"#, data: 4, "data_offsets")
        try expect(header: #"{"t":{"dtype":"F32","shape":[1]}}"#, data: 4, "data_offsets")
        try expect(header: #"{"t":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4, "shape")
        try expect(header: #"{"t":7}"#, data: 4, "dtype")
        try expect(
            header:
                #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            data: 8,
            "twice"
        )
        try expect(
            header:
                #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
            data: 6,
            "overlap"
        )
        try expect(
            header:
                #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
            data: 12,
            "gap"
        )
        try expect(header: "{}", data: 0, "word_embeddings", "missing")
        var model = SmallModel()
        model.elementType = "I32"
        try expect(model.safetensors(), "F32, F16 or BF16", "I32")
    }

    @Test func everyCutAndManyFlippedBytesOfAModelAreSurvived() throws {
        let folder = try SmallModel().write()
        let good = try SmallModel().safetensors()
        var numbers = RepeatableNumbers(seed: 3)
        let headerEnd = 8 + good[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        for _ in 0..<300 {
            var bytes = good
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<headerEnd, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            }
            try folder.write(bytes, to: "model.safetensors")
            // A flip in the metadata may do no harm; anything else is an error, and nothing is a crash.
            do { _ = try folder.encoder() } catch { #expect(error.file.hasSuffix("model.safetensors")) }
        }
        for length in stride(from: 0, to: good.count, by: 997) {
            try folder.write(Array(good[..<length]), to: "model.safetensors")
            #expect(throws: ModelError.self) { try folder.encoder() }
        }
    }
}
