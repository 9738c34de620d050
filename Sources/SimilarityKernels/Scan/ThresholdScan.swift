// SPDX-License-Identifier: Apache-2.0

/// The survivors of a filter: ascending indices `j` for which `!(scores[j] < slope * norms[j] + offsets[j] + base)`.
///
/// One affine bound serves all metrics: the filter folds its cut and its slack into the four terms (see
/// `FilterBound` in `Similarity`). The comparison is negated so that a NaN on either side survives: a filter may keep
/// too much, never too little.
///
/// Requires: `scores`, `norms`, `offsets` readable for `count` floats, `survivors` writable for `count` indices and
/// apart from them; any alignment; `count < 2^31`; `count == 0` gives 0.
/// Rounding: the bound may be computed fused or not; its error is at most
/// `3u * (|slope * norms[j]| + |offsets[j]| + |base|) + 2^-148`, `u = 2^-24`, and belongs into the slack.
package enum ThresholdScan {
    /// Writes the survivors and returns how many there are.
    @inline(__always)
    package static func survivors(
        _ level: KernelLevel,
        scores: UnsafePointer<Float>,
        norms: UnsafePointer<Float>,
        offsets: UnsafePointer<Float>,
        slope: Float,
        base: Float,
        count: Int,
        into survivors: UnsafeMutablePointer<Int32>
    ) -> Int {
        unsafe level.kernels.thresholdScan(scores, norms, offsets, slope, base, count, survivors)
    }

    static func reference(
        _ scores: UnsafePointer<Float>,
        _ norms: UnsafePointer<Float>,
        _ offsets: UnsafePointer<Float>,
        _ slope: Float,
        _ base: Float,
        _ range: Range<Int>,
        _ survivors: UnsafeMutablePointer<Int32>,
        found: Int
    ) -> Int {
        var found = found
        for j in range where unsafe !(scores[j] < slope * norms[j] + offsets[j] + base) {
            unsafe survivors[found] = Int32(truncatingIfNeeded: j)
            found &+= 1
        }
        return found
    }

    static func simd(
        _ scores: UnsafePointer<Float>,
        _ norms: UnsafePointer<Float>,
        _ offsets: UnsafePointer<Float>,
        _ slope: Float,
        _ base: Float,
        _ count: Int,
        _ survivors: UnsafeMutablePointer<Int32>
    ) -> Int {
        // Sixteen scores share one branch; nearly every group has no survivor.
        var found = 0
        var j = 0
        while j &+ 16 <= count {
            let d0 = unsafe isDropped(scores, norms, offsets, slope, base, at: j)
            let d1 = unsafe isDropped(scores, norms, offsets, slope, base, at: j &+ 4)
            let d2 = unsafe isDropped(scores, norms, offsets, slope, base, at: j &+ 8)
            let d3 = unsafe isDropped(scores, norms, offsets, slope, base, at: j &+ 12)
            if !all((d0 .& d1) .& (d2 .& d3)) {
                found = unsafe reference(
                    scores,
                    norms,
                    offsets,
                    slope,
                    base,
                    j..<(j &+ 16),
                    survivors,
                    found: found
                )
            }
            j &+= 16
        }
        return unsafe reference(scores, norms, offsets, slope, base, j..<count, survivors, found: found)
    }

    @inline(__always)
    private static func isDropped(
        _ scores: UnsafePointer<Float>,
        _ norms: UnsafePointer<Float>,
        _ offsets: UnsafePointer<Float>,
        _ slope: Float,
        _ base: Float,
        at j: Int
    ) -> SIMDMask<SIMD4<Int32>> {
        let bound = unsafe SIMD4(loading: norms, at: j) * slope + SIMD4(loading: offsets, at: j) + base
        return unsafe SIMD4(loading: scores, at: j) .< bound
    }
}
