// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Foundation
import Similarity

/// Vectors that are the same in every run and on every machine.
enum Workload {
    /// Independent, nearly normal components: nothing to prune, no near neighbors.
    static func gaussian(_ rowCount: Int, _ dimension: Int, seed: UInt64) -> VectorMatrix {
        var generator = Generator(state: seed)
        let values = (0..<rowCount * dimension).map { _ in generator.normal() }
        return VectorMatrix(rowCount: rowCount, dimension: dimension, values: values)
    }

    /// Rows around 64 centers, with most of the energy in few directions: what embeddings look like to a filter. The
    /// directions are the coordinates, since what a rotation costs does not depend on where it turns to.
    static func structured(_ rowCount: Int, _ dimension: Int, seed: UInt64) -> VectorMatrix {
        // Sets of one dimension share their centers, as queries and a corpus do.
        var centerGenerator = Generator(state: 99)
        let spread = (0..<dimension).map { Float(exp(-2 * Double($0) / Double(dimension))) }
        let centers = (0..<64).map { _ in spread.map { $0 * centerGenerator.normal() } }
        var generator = Generator(state: seed)
        var values: [Float] = []
        values.reserveCapacity(rowCount * dimension)
        for _ in 0..<rowCount {
            let center = centers[Int(generator.next() % 64)]
            for i in 0..<dimension { values.append(center[i] + 0.7 * spread[i] * generator.normal()) }
        }
        return VectorMatrix(rowCount: rowCount, dimension: dimension, values: values)
    }
}

/// Sebastiano Vigna's SplitMix64.
private struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// The sum of four 16-bit uniforms, brought to mean 0 and variance 1: exact, so the same everywhere.
    mutating func normal() -> Float {
        let bits = next()
        let sum = (0..<4).reduce(0) { $0 + Int(bits >> (16 * UInt64($1)) & 0xFFFF) }
        return Float(sum - 2 * 0xFFFF) / 37_837
    }
}

extension RunOptions {
    /// One worker, so that a figure is that of a core.
    static func single(_ engine: Engine) -> RunOptions { RunOptions(engine: engine, workers: .single) }
}

/// Engines whose filter is worth timing; `reference` has none.
var filteringEngines: [Engine] { Engine.available.filter { $0 != .reference } }
