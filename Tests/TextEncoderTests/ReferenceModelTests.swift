// SPDX-License-Identifier: Apache-2.0

// The encoder against sentence-transformers 6.2 with all-MiniLM-L6-v2, on 200 texts: dictionary glosses and a good two
// dozen awkward ones (empty, other scripts, accents, emoji, control characters, special tokens spelled out, a word of
// over a hundred characters, a text of over 256 tokens).
//
// Token ids must be equal. Vectors are products of some 40 roundings' depth in single precision on both sides; the
// limits (cosine 0.99999, components within 1e-4) are far above that noise and far below any mistake in the
// mathematics: one dropped bias, say, moves the cosine by 1e-2. The model must be in the cache (scripts/fetch-model).

import Similarity
import Testing
import TextEncoder

@Suite struct ReferenceModelTests {
    /// The same bytes are promised for one setting of OpenBLAS, which other suites of this process put to one thread.
    @Test func tokenIDsAreThoseOfTheReference() throws {
        let encoder = try InstalledModel.encoder.get()
        let reference = try ReferenceData.load()
        #expect(reference.texts.count == 200)
        #expect(encoder.maxTokenCount == 256)
        for (text, ids) in zip(reference.texts, reference.tokenIDs) {
            #expect(encoder.tokenIDs(for: text) == ids, "\(text.debugDescription)")
        }
    }

    @Test func vectorsAgreeWithTheReference() throws {
        let encoder = try InstalledModel.encoder.get()
        let reference = try ReferenceData.load()
        let vectors = try encoder.encode(reference.texts).vectors
        #expect(vectors.rowCount == 200 && vectors.dimension == 384)
        var worstCosine = 1.0
        var worstDifference: Float = 0
        for (row, expected) in reference.vectors.enumerated() {
            let vector = vectors[row]
            let cosine = Self.cosine(vector, expected)
            let difference = zip(vector, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(cosine >= 0.99999, "row \(row)")
            #expect(difference < 1e-4, "row \(row)")
            worstCosine = min(worstCosine, cosine)
            worstDifference = max(worstDifference, difference)
        }
        print("200 reference texts: smallest cosine \(worstCosine), largest difference \(worstDifference)")
    }

    @Test func theSameBytesComeOutForAnyNumberOfWorkers() throws {
        let encoder = try InstalledModel.encoder.get()
        let texts = try ReferenceData.load().texts
        let one = try encoder.encode(texts, options: RunOptions(workers: .single)).vectors
        for count in [2, 3] {
            let several = try encoder.encode(texts, options: RunOptions(workers: Workers(count: count))).vectors
            for row in 0..<texts.count {
                #expect(several[row].map(\.bitPattern) == one[row].map(\.bitPattern), "row \(row), \(count) workers")
            }
        }
    }

    static func cosine(_ a: [Float], _ b: [Float]) -> Double {
        var (dot, aa, bb) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            dot += Double(x) * Double(y)
            aa += Double(x) * Double(x)
            bb += Double(y) * Double(y)
        }
        return dot / (aa * bb).squareRoot()
    }
}
