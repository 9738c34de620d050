// SPDX-License-Identifier: Apache-2.0

// Four accumulators of two lanes: the widest shape that SSE2 and NEON hold in registers as they are. Lane j lives in
// element j % 2 of accumulator j / 2. Eight terms a step; the tail goes to its lanes one by one, as in the reference.

extension Verdict {
    static func simdDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, depth: Int) -> Double {
        var l01 = SIMD2<Double>.zero
        var l23 = SIMD2<Double>.zero
        var l45 = SIMD2<Double>.zero
        var l67 = SIMD2<Double>.zero
        var i = 0
        while i &+ 8 <= depth {
            unsafe l01 += SIMD2(widening: a, at: i) * SIMD2(widening: b, at: i)
            unsafe l23 += SIMD2(widening: a, at: i &+ 2) * SIMD2(widening: b, at: i &+ 2)
            unsafe l45 += SIMD2(widening: a, at: i &+ 4) * SIMD2(widening: b, at: i &+ 4)
            unsafe l67 += SIMD2(widening: a, at: i &+ 6) * SIMD2(widening: b, at: i &+ 6)
            i &+= 8
        }
        // Element t of the tail belongs to lane t, because the main loop took a multiple of eight.
        for t in 0..<(depth &- i) {
            let term = unsafe Double(a[i &+ t]) * Double(b[i &+ t])
            add(term, toLane: t, &l01, &l23, &l45, &l67)
        }
        return canonicalSum(l01, l23, l45, l67)
    }

    static func simdSquaredDistance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, depth: Int) -> Double {
        var l01 = SIMD2<Double>.zero
        var l23 = SIMD2<Double>.zero
        var l45 = SIMD2<Double>.zero
        var l67 = SIMD2<Double>.zero
        var i = 0
        while i &+ 8 <= depth {
            let d01 = unsafe SIMD2(widening: a, at: i) - SIMD2(widening: b, at: i)
            let d23 = unsafe SIMD2(widening: a, at: i &+ 2) - SIMD2(widening: b, at: i &+ 2)
            let d45 = unsafe SIMD2(widening: a, at: i &+ 4) - SIMD2(widening: b, at: i &+ 4)
            let d67 = unsafe SIMD2(widening: a, at: i &+ 6) - SIMD2(widening: b, at: i &+ 6)
            l01 += d01 * d01
            l23 += d23 * d23
            l45 += d45 * d45
            l67 += d67 * d67
            i &+= 8
        }
        for t in 0..<(depth &- i) {
            let difference = unsafe Double(a[i &+ t]) - Double(b[i &+ t])
            add(difference * difference, toLane: t, &l01, &l23, &l45, &l67)
        }
        return canonicalSum(l01, l23, l45, l67)
    }

    @inline(__always)
    private static func add(
        _ term: Double,
        toLane lane: Int,
        _ l01: inout SIMD2<Double>,
        _ l23: inout SIMD2<Double>,
        _ l45: inout SIMD2<Double>,
        _ l67: inout SIMD2<Double>
    ) {
        switch lane / 2 {
        case 0: l01[lane % 2] += term
        case 1: l23[lane % 2] += term
        case 2: l45[lane % 2] += term
        default: l67[lane % 2] += term
        }
    }

    /// `((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7))`.
    @inline(__always)
    private static func canonicalSum(
        _ l01: SIMD2<Double>,
        _ l23: SIMD2<Double>,
        _ l45: SIMD2<Double>,
        _ l67: SIMD2<Double>
    ) -> Double {
        let sums = (l01 + l45) + (l23 + l67)
        return sums[0] + sums[1]
    }
}
