// SPDX-License-Identifier: Apache-2.0

// The encoder in integers of eight bits: near the reference, never the reference itself, and a text's vector is its own, whatever it is computed with.

import Similarity
import SimilarityKernels
import Testing
import TextEncoder

@Suite struct PrecisionTests {
    @Test func vectorsAreNearTheReference() throws {
        let encoder = try SentenceEncoder(folder: InstalledModel.folder(), precision: .int8)
        let reference = try ReferenceData.load()
        let vectors = try encoder.encode(reference.texts).vectors
        let cosines = reference.vectors.enumerated().map { ReferenceModelTests.cosine(vectors[$0], $1) }
        // A mistake in a scale or a zero moves them below 0.9; float32 has 0.9999999.
        #expect(cosines.allSatisfy { $0 > 0.99 && $0 < 0.999999 })
        #expect(cosines.reduce(0, +) / Double(cosines.count) > 0.998)
        print("200 reference texts in int8: smallest cosine \(cosines.min() ?? 0)")
    }

    @Test func aVectorDependsOnItsTextAlone() throws {
        let encoder = try SentenceEncoder(folder: InstalledModel.folder(), precision: .int8)
        let texts = Array(try ReferenceData.load().texts.prefix(40))
        let together = try encoder.encode(texts, options: RunOptions(workers: Workers(count: 2))).vectors
        let reversed = try encoder.encode(texts.reversed(), options: RunOptions(workers: .single)).vectors
        for (row, text) in texts.enumerated() {
            let alone = try encoder.encode([text]).vectors[0].map(\.bitPattern)
            #expect(together[row].map(\.bitPattern) == alone)
            #expect(reversed[texts.count - 1 - row].map(\.bitPattern) == alone)
        }
    }

    @Test func everyWidthIsPadded() throws {
        // Widths of 15 and 22: the last group of four and the last panel are padded.
        let model = SmallModel()
        let folder = try model.write()
        let exact = try folder.encoder().encode(SmallModelTests.texts).vectors
        let rounded = try SentenceEncoder(folder: folder.path, precision: .int8).encode(SmallModelTests.texts).vectors
        for row in SmallModelTests.texts.indices {
            let cosine = ReferenceModelTests.cosine(exact[row], rounded[row])
            #expect(cosine > 0.995 && cosine < 0.9999999, "\(cosine)")
        }
    }

    @Test func whatIsNoNumberAndWhatHasNoLayersAreRefused() throws {
        var model = SmallModel()
        let place = try #require(model.tensors.firstIndex { $0.name == "encoder.layer.1.output.dense.weight" })
        model.tensors[place].values[3] = .nan
        let folder = try model.write()
        let encoder = try SentenceEncoder(folder: folder.path, precision: .int8)
        let fault = #expect(throws: ModelError.self) { try encoder.encode(["a"]) }
        #expect(fault?.message.contains("not finite") == true)

        let average = try SmallStaticModel().write()
        let error = #expect(throws: ModelError.self) { try SentenceEncoder(folder: average.path, precision: .int8) }
        #expect(error?.message.contains("is a static model") == true)
    }
}
