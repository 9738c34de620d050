// SPDX-License-Identifier: Apache-2.0

import Similarity
import SimilarityKernels
import Synchronization
import TransformerKernels

/// The vectors that a transformer gives the tokens of its vocabulary, each alone in a text: what a static model is made of.
struct TokenVectors {
    let width: Int
    /// One row an id, zeros for those without a vector.
    private(set) var values: [Float]
    /// The ids that have a vector, ascending, each once.
    let ids: [Int32]

    /// Encodes every token between the special ones.
    ///
    /// - Parameter tick: Called with the share that is done, by one worker at a time.
    init(
        of ids: some Sequence<Int32>,
        below idBound: Int,
        _ encoder: SentenceEncoder,
        workers: Workers,
        check: @Sendable () throws -> Void,
        tick: @Sendable (Double) -> Void
    ) throws {
        let model: BERTModel
        let pooling: SentencePooling
        switch encoder.architecture {
        case .transformer(let transformer, let following): (model, pooling) = (transformer, following)
        case .average:
            throw ModelError(file: encoder.weightsFile, "is a static model already; a transformer was expected")
        }
        let ids = Set(ids).sorted()
        let (prefix, suffix) = (encoder.tokenizer.prefix, encoder.tokenizer.suffix)
        let batch = 256
        let count = (ids.count + batch - 1) / batch
        let done = Mutex(0)
        let parts = try concurrentMap(count: count, workers: workers.count) { index in
            try check()
            let some = ids[index * batch..<min((index + 1) * batch, ids.count)]
            var tokens: [Int32] = []
            var starts = [0]
            for id in some {
                tokens += prefix + [id] + suffix
                starts.append(tokens.count)
            }
            let vectors = model.vectors(ids: tokens, starts: starts, pooling: pooling.pooling)
            done.withLock {
                $0 += 1
                tick(Double($0) / Double(count))
            }
            return vectors
        }
        self.ids = ids
        width = model.shape.hiddenSize
        values = Array(repeating: 0, count: idBound * width)
        for (part, vectors) in parts.enumerated() {
            for i in 0..<vectors.count {
                let id = Int(ids[part * batch + i / width])
                values[id * width + i % width] = vectors[i]
            }
        }
        if values.contains(where: { !$0.isFinite }) {
            throw ModelError(file: encoder.weightsFile, "gives a token a vector that is not finite")
        }
    }

    /// The vectors of those that have one, one after the other.
    var rows: [Float] {
        var rows: [Float] = []
        rows.reserveCapacity(ids.count * width)
        for id in ids { rows += values[Int(id) * width..<(Int(id) + 1) * width] }
        return rows
    }

    /// One row an id.
    var matrix: VectorMatrix { VectorMatrix(rowCount: values.count / width, dimension: width, values: values) }

    /// Subtracts the mean of all tokens, and weights each by its place in the vocabulary, which is about in the order of frequency: `a / (a + p)`
    /// with p by Zipf's law (Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings", 2017), a 1e-5.
    mutating func centerAndWeight() {
        var mean = [Double](repeating: 0, count: width)
        for id in ids { for j in 0..<width { mean[j] += Double(values[Int(id) * width + j]) } }
        for j in 0..<width { mean[j] /= Double(max(ids.count, 1)) }
        let total = (0..<values.count / width).reduce(0.0) { $0 + 1 / Double($1 + 2) }
        for id in ids {
            let weight = 1e-5 / (1e-5 + 1 / Double(id + 2) / total)
            for j in 0..<width {
                let place = Int(id) * width + j
                values[place] = Float((Double(values[place]) - mean[j]) * weight)
            }
        }
    }

    /// Moves the vectors so that the means of tokens come near the vectors of texts: the least of
    /// `|A E - Y|^2 + 0.1 |E - s E0|^2`, A the means, Y the texts' vectors less their mean, E0 the vectors as they are, by conjugate gradients.
    ///
    /// - Complexity: 40 rounds of `2 * tokens * width` multiply-adds; about `4 * 2 * texts * width` bytes beside the vectors of the texts.
    mutating func learn(
        _ means: TokenMeans,
        targets: [Float],
        workers: Workers,
        check: @Sendable () throws -> Void,
        tick: (Double) -> Void
    ) throws {
        let penalty: Float = 0.1
        let rounds = 40
        let width = width
        func texts(_ tokens: [Float]) throws -> [Float] {
            try means.texts(from: tokens, width: width, workers: workers.count, check: check)
        }
        func tokens(_ rows: [Float]) throws -> [Float] {
            try means.tokens(from: rows, width: width, workers: workers.count, check: check)
        }
        let start = try texts(values)
        let length = Self.dot(start, start)
        let scale = length > 0 ? Float(Self.dot(start, targets) / length) : 0
        for i in values.indices { values[i] *= scale }
        var residual = try tokens(zip(targets, start).map { $0 - scale * $1 })
        var direction = residual
        var square = Self.dot(residual, residual)
        let smallest = square * 1e-8
        for round in 0..<rounds where square > smallest {
            var image = try tokens(try texts(direction))
            for i in image.indices { image[i] += penalty * direction[i] }
            let step = Float(square / Self.dot(direction, image))
            for i in image.indices {
                values[i] += step * direction[i]
                residual[i] -= step * image[i]
            }
            let next = Self.dot(residual, residual)
            let ratio = Float(next / square)
            for i in image.indices { direction[i] = residual[i] + ratio * direction[i] }
            square = next
            tick(Double(round + 1) / Double(rounds))
        }
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Double {
        var sum = 0.0
        for i in a.indices { sum += Double(a[i]) * Double(b[i]) }
        return sum
    }
}
