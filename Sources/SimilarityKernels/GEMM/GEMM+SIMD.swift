// SPDX-License-Identifier: Apache-2.0

// The GEMM tile on Swift SIMD types, for machines that have neither AVX2 nor OpenBLAS. Compiled for the baseline: SSE2 on
// x86-64, NEON on ARM, so four floats a register and a separate multiply and add.
//
// Both operands are row-major with the depth innermost, so a 3 x 4 block of C is twelve dot products that share their
// loads: seven loads feed twelve multiplies and twelve adds. Twelve accumulators, three rows of A and one of B are the
// sixteen registers that there are. Nothing is packed: a strip of four rows of B stays in L1 while the rows of A stream
// past it from L2, and `rowsPerPass` keeps that part of A inside L2.

extension GEMM {
    static func simdTile(
        _ a: UnsafePointer<Float>,
        _ aStride: Int,
        _ rows: Int,
        _ b: UnsafePointer<Float>,
        _ bStride: Int,
        _ columns: Int,
        _ depth: Int,
        _ c: UnsafeMutablePointer<Float>,
        _ cStride: Int
    ) {
        let rowsPerPass = max(3, (128 << 10) / (4 * depth) / 3 * 3)
        var passStart = 0
        while passStart < rows {
            let passEnd = min(passStart + rowsPerPass, rows)
            let blockEnd = passStart + (passEnd - passStart) / 3 * 3
            var j = 0
            while j &+ 4 <= columns {
                let strip = unsafe b + j &* bStride
                var i = passStart
                while i < blockEnd {
                    unsafe block3x4(a + i &* aStride, aStride, strip, bStride, depth, c + (i &* cStride &+ j), cStride)
                    i &+= 3
                }
                while i < passEnd {
                    for t in 0..<4 {
                        unsafe c[i &* cStride &+ j &+ t] = DotRows.simdDot(
                            a + i &* aStride,
                            strip + t &* bStride,
                            depth: depth
                        )
                    }
                    i &+= 1
                }
                j &+= 4
            }
            while j < columns {
                for i in passStart..<passEnd {
                    unsafe c[i &* cStride &+ j] = DotRows.simdDot(a + i &* aStride, b + j &* bStride, depth: depth)
                }
                j &+= 1
            }
            passStart = passEnd
        }
    }

    /// Twelve dot products of three rows of A and four rows of B.
    private static func block3x4(
        _ a: UnsafePointer<Float>,
        _ aStride: Int,
        _ b: UnsafePointer<Float>,
        _ bStride: Int,
        _ depth: Int,
        _ c: UnsafeMutablePointer<Float>,
        _ cStride: Int
    ) {
        let a0 = unsafe a
        let a1 = unsafe a + aStride
        let a2 = unsafe a + 2 &* aStride
        let b0 = unsafe b
        let b1 = unsafe b + bStride
        let b2 = unsafe b + 2 &* bStride
        let b3 = unsafe b + 3 &* bStride
        var c00 = SIMD4<Float>.zero
        var c01 = SIMD4<Float>.zero
        var c02 = SIMD4<Float>.zero
        var c03 = SIMD4<Float>.zero
        var c10 = SIMD4<Float>.zero
        var c11 = SIMD4<Float>.zero
        var c12 = SIMD4<Float>.zero
        var c13 = SIMD4<Float>.zero
        var c20 = SIMD4<Float>.zero
        var c21 = SIMD4<Float>.zero
        var c22 = SIMD4<Float>.zero
        var c23 = SIMD4<Float>.zero

        var p = 0
        while p &+ 4 <= depth {
            let x0 = unsafe SIMD4(loading: a0, at: p)
            let x1 = unsafe SIMD4(loading: a1, at: p)
            let x2 = unsafe SIMD4(loading: a2, at: p)
            var y = unsafe SIMD4(loading: b0, at: p)
            c00 += x0 * y
            c10 += x1 * y
            c20 += x2 * y
            y = unsafe SIMD4(loading: b1, at: p)
            c01 += x0 * y
            c11 += x1 * y
            c21 += x2 * y
            y = unsafe SIMD4(loading: b2, at: p)
            c02 += x0 * y
            c12 += x1 * y
            c22 += x2 * y
            y = unsafe SIMD4(loading: b3, at: p)
            c03 += x0 * y
            c13 += x1 * y
            c23 += x2 * y
            p &+= 4
        }

        // Row r of `sums` holds the four entries of row r of the block; the tail of the depth is added to it.
        var r0 = SIMD4<Float>(c00.filterSum, c01.filterSum, c02.filterSum, c03.filterSum)
        var r1 = SIMD4<Float>(c10.filterSum, c11.filterSum, c12.filterSum, c13.filterSum)
        var r2 = SIMD4<Float>(c20.filterSum, c21.filterSum, c22.filterSum, c23.filterSum)
        while p < depth {
            let y = unsafe SIMD4<Float>(b0[p], b1[p], b2[p], b3[p])
            unsafe r0 += y * a0[p]
            unsafe r1 += y * a1[p]
            unsafe r2 += y * a2[p]
            p &+= 1
        }
        unsafe UnsafeMutableRawPointer(c).storeBytes(of: r0, as: SIMD4<Float>.self)
        unsafe UnsafeMutableRawPointer(c + cStride).storeBytes(of: r1, as: SIMD4<Float>.self)
        unsafe UnsafeMutableRawPointer(c + 2 &* cStride).storeBytes(of: r2, as: SIMD4<Float>.self)
    }
}
