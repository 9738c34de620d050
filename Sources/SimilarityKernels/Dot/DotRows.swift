// SPDX-License-Identifier: Apache-2.0

/// scores <- X * q for row-major X (count x depth) and one query: the filter for a single query, where a GEMM would
/// spend its time packing.
///
/// Requires: `query` readable for `depth` floats, `rows` for `count` rows `stride` floats apart (`stride >= depth`),
/// `scores` writable for `count` floats and apart from both. Any alignment; `depth == 0` gives zeros.
/// Rounding: terms may be added in any order, fused or not; per entry `|error| <= g * |q||x| + depth * 2^-149`, where
/// `g = depth*u / (1 - depth*u)` and `u = 2^-24`.
package enum DotRows {
    /// Fills `scores` with the dot products of one query and `count` rows.
    package static func score(
        _ level: KernelLevel,
        query: UnsafePointer<Float>,
        rows: UnsafePointer<Float>,
        stride: Int,
        count: Int,
        depth: Int,
        into scores: UnsafeMutablePointer<Float>
    ) {
        unsafe level.kernels.dotRows(query, rows, stride, count, depth, scores)
    }

    /// Fills `scores` as `score` does and `squaredNorms` as `Verdict.squaredNorms` does, in one read of the rows: a single
    /// query costs what its corpus takes to come from memory.
    package static func scoreWithNorms(
        _ level: KernelLevel,
        query: UnsafePointer<Float>,
        rows: UnsafePointer<Float>,
        stride: Int,
        count: Int,
        depth: Int,
        into scores: UnsafeMutablePointer<Float>,
        squaredNorms: UnsafeMutablePointer<Double>
    ) {
        unsafe level.kernels.dotRowsWithNorms(query, rows, stride, count, depth, scores, squaredNorms)
    }

    static func referenceDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, depth: Int) -> Float {
        var sum: Float = 0
        for i in 0..<depth { unsafe sum += a[i] * b[i] }
        return sum
    }

    /// Four accumulators: additions have a latency of three to four cycles, and one is issued each cycle at least.
    @inline(__always)
    static func simdDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, depth: Int) -> Float {
        var s0 = SIMD4<Float>.zero
        var s1 = SIMD4<Float>.zero
        var s2 = SIMD4<Float>.zero
        var s3 = SIMD4<Float>.zero
        var i = 0
        while i &+ 16 <= depth {
            unsafe s0 += SIMD4(loading: a, at: i) * SIMD4(loading: b, at: i)
            unsafe s1 += SIMD4(loading: a, at: i &+ 4) * SIMD4(loading: b, at: i &+ 4)
            unsafe s2 += SIMD4(loading: a, at: i &+ 8) * SIMD4(loading: b, at: i &+ 8)
            unsafe s3 += SIMD4(loading: a, at: i &+ 12) * SIMD4(loading: b, at: i &+ 12)
            i &+= 16
        }
        while i &+ 4 <= depth {
            unsafe s0 += SIMD4(loading: a, at: i) * SIMD4(loading: b, at: i)
            i &+= 4
        }
        var tail: Float = 0
        while i < depth {
            unsafe tail += a[i] * b[i]
            i &+= 1
        }
        return ((s0 + s1) + (s2 + s3)).filterSum + tail
    }
}
