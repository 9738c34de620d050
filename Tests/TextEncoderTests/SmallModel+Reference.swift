// SPDX-License-Identifier: Apache-2.0

import Foundation

// The forward pass written out in Double, one text at a time, to be checked by hand.
extension SmallModel {
    /// The rows of all tokens after the last layer.
    func tokenRows(_ ids: [Int]) -> [[Double]] {
        var x = ids.enumerated().map { position, id in
            (0..<hidden).map {
                self["embeddings.word_embeddings.weight"][id * hidden + $0]
                    + self["embeddings.position_embeddings.weight"][position * hidden + $0]
                    + self["embeddings.token_type_embeddings.weight"][$0]
            }
        }
        x = x.map { norm($0, "embeddings.LayerNorm") }
        for index in 0..<layers {
            let layer = "encoder.layer.\(index)"
            let q = x.map { linear($0, "\(layer).attention.self.query") }
            let k = x.map { linear($0, "\(layer).attention.self.key") }
            let v = x.map { linear($0, "\(layer).attention.self.value") }
            let width = hidden / heads
            let context = x.indices.map { i in
                (0..<heads).flatMap { head in
                    let columns = head * width..<(head + 1) * width
                    let scores = x.indices.map { j in
                        columns.reduce(0) { $0 + q[i][$1] * k[j][$1] } / Double(width).squareRoot()
                    }
                    let powers = scores.map { exp($0) }
                    let sum = powers.reduce(0, +)
                    return columns.map { column in x.indices.reduce(0) { $0 + powers[$1] / sum * v[$1][column] } }
                }
            }
            for i in x.indices {
                x[i] = norm(
                    zip(x[i], linear(context[i], "\(layer).attention.output.dense")).map(+),
                    "\(layer).attention.output.LayerNorm"
                )
                let inner = linear(x[i], "\(layer).intermediate.dense").map(activate)
                x[i] = norm(zip(x[i], linear(inner, "\(layer).output.dense")).map(+), "\(layer).output.LayerNorm")
            }
        }
        return x
    }

    private subscript(name: String) -> [Double] { tensors.first { $0.name == name }?.values.map(Double.init) ?? [] }

    private func linear(_ x: [Double], _ name: String) -> [Double] {
        let (weights, bias) = (self["\(name).weight"], self["\(name).bias"])
        return bias.indices.map { row in x.indices.reduce(bias[row]) { $0 + weights[row * x.count + $1] * x[$1] } }
    }

    private func norm(_ x: [Double], _ name: String) -> [Double] {
        let (gain, shift) = (self["\(name).weight"], self["\(name).bias"])
        let mean = x.reduce(0, +) / Double(x.count)
        let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
        return x.indices.map { (x[$0] - mean) / (variance + 1e-12).squareRoot() * gain[$0] + shift[$0] }
    }

    private func activate(_ x: Double) -> Double {
        switch configuration["hidden_act"] as? String {
        case "relu": max(x, 0)
        case "gelu_new": 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        default: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        }
    }
}
