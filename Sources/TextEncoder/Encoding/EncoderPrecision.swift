// SPDX-License-Identifier: Apache-2.0

/// What the linear layers of a transformer are computed in.
public enum EncoderPrecision: String, Sendable, CaseIterable {
    /// Single precision, as the models are published and as the reference computes them.
    case float32
    /// Integers of eight bits: weights are rounded once, an output at a time, the rows that they are multiplied by as they come; all else stays in
    /// single precision. Two and a half times as fast where the processor multiplies bytes (AVX-512 VNNI), not faster elsewhere, and another vector: for
    /// all-MiniLM-L6-v2 its cosine to that of ``float32`` is 0.999 on average.
    case int8
}
