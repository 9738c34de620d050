// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

extension Transformer {
    /// row <- softmax(scale * row), in place: `e^(scale * (x - max))` over the sum of them.
    ///
    /// Requires: `row` readable and writable for `count` floats, `count` > 0, `scale` > 0. No overflow, whatever the
    /// scores; a score of minus infinity gives e^-87 over the sum, a NaN among the scores makes the whole row NaN.
    ///
    /// Accuracy: each value within a relative `(count / 4 + 8) * 2^-22` plus 2e-38, for scores whose scaled
    /// differences are of moderate size.
    static func softmax(_ row: UnsafeMutablePointer<Float>, count: Int, scale: Float) {
        var maximum4 = SIMD4<Float>(repeating: -.infinity)
        var i = 0
        while i &+ 4 <= count {
            let x = unsafe SIMD4(loading: row, at: i)
            maximum4 = maximum4.replacing(with: x, where: x .> maximum4)
            i &+= 4
        }
        var maximum = maximum4.max()
        while i < count {
            unsafe maximum = max(maximum, row[i])
            i &+= 1
        }

        var sum4 = SIMD4<Float>.zero
        i = 0
        while i &+ 4 <= count {
            let e = unsafe ((SIMD4(loading: row, at: i) - maximum) * scale).exponential
            unsafe UnsafeMutableRawPointer(row + i).storeBytes(of: e, as: SIMD4<Float>.self)
            sum4 += e
            i &+= 4
        }
        var sum = sum4.filterSum
        if i < count {
            var tail = SIMD4<Float>(repeating: 0)
            for lane in 0..<count - i { unsafe tail[lane] = (row[i + lane] - maximum) * scale }
            tail = tail.exponential
            for lane in 0..<count - i {
                unsafe row[i + lane] = tail[lane]
                sum += tail[lane]
            }
        }
        let factor = 1 / sum
        for i in 0..<count { unsafe row[i] *= factor }
    }
}
