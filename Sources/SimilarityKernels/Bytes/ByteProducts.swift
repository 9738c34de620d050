// SPDX-License-Identifier: Apache-2.0

package import CSimilarityKernels

/// Products of matrices in integers of eight bits, as int8 modes of transformers have them (Jacob and others, "Quantization and training of neural
/// networks for efficient integer-arithmetic-only inference", 2018, section 2): rows of bytes from 0 to 255 with a scale and a zero of
/// their own, chosen by what they hold, weights from -127 to 127 with a scale a column.
///
/// Every level gives the same bits: sums are exact in 32 bits, and what is rounded is rounded one operation at a time in an order that is stated.
package enum ByteProducts {
    /// Longest rows: sums of so many products of bytes, and of a zero times them, stay below 2^31.
    package static let maxDepth = 32_768

    /// The codes of a row: with `low` and `high` its least and greatest component, or 0, `scale = (high - low) / 255`, `f = 1 / scale`,
    /// `zero = round(-low * f)` and `code = clamp(round(x * f) + zero, 0...255)`, rounded to the nearest, ties to the even.
    ///
    /// A row whose scale would be below 1e-30 counts as zeros, with scale 0; one with a component that is not finite, or with a span
    /// beyond the range of floats, has the scale NaN.
    /// Requires: `x` readable for `count` floats and `codes` writable for as many bytes.
    @inline(__always)
    package static func encode(
        _ x: UnsafePointer<Float>,
        count: Int,
        into codes: UnsafeMutablePointer<UInt8>,
        level: KernelLevel
    ) -> simile_byte_row {
        unsafe level.kernels.byteRow(x, count, codes)
    }

    /// `output[r][c] = (Float(sum) * scale[r]) * weightScale[c]` with `sum = sum over k of (code[r][k] - zero[r]) * weight[c][k]`.
    ///
    /// Requires: what `simile_byte_product` says, `depth` a multiple of four and at most ``maxDepth``.
    @inline(__always)
    package static func multiply(_ product: UnsafePointer<simile_byte_product>, level: KernelLevel) {
        unsafe level.kernels.byteProducts(product)
    }

    static func referenceRow(
        _ x: UnsafePointer<Float>,
        _ count: Int,
        _ codes: UnsafeMutablePointer<UInt8>
    ) -> simile_byte_row {
        var (low, high, isFinite): (Float, Float, Bool) = (0, 0, true)
        for i in 0..<count {
            unsafe low = min(low, x[i])
            unsafe high = max(high, x[i])
            unsafe isFinite = isFinite && x[i].isFinite
        }
        let scale = isFinite ? (high - low) / 255 : .nan
        guard scale >= 1e-30, scale <= 3e38 else {
            unsafe codes.update(repeating: 0, count: count)
            return simile_byte_row(scale: scale < 1e-30 ? 0 : .nan, zero: 0)
        }
        let factor = 1 / scale
        let zero = Int32((-low * factor).rounded(.toNearestOrEven))
        for i in 0..<count {
            let code = unsafe Int32((x[i] * factor).rounded(.toNearestOrEven)) + zero
            unsafe codes[i] = UInt8(clamping: code)
        }
        return simile_byte_row(scale: scale, zero: zero)
    }

    static func reference(_ product: simile_byte_product) {
        let depth = unsafe product.depth
        for r in 0..<(unsafe product.row_count) {
            let codes = unsafe product.rows + r * depth
            let row = unsafe product.codes[r]
            for c in 0..<(unsafe product.columns) {
                let panel = unsafe product.panels + c / 16 * 16 * depth + c % 16 * 4
                var sum: Int32 = 0
                for k in 0..<depth { unsafe sum += Int32(codes[k]) * Int32(panel[k / 4 * 64 + k % 4]) }
                unsafe sum -= row.zero * product.weight_sums[c]
                unsafe product.output[r * product.stride + c] = Float(sum) * row.scale * product.weight_scales[c]
            }
        }
    }

    /// 16 columns at a time: the four weights of each stand in one lane.
    static func simd(_ product: simile_byte_product) {
        let depth = unsafe product.depth
        let columns = unsafe product.columns
        for r in 0..<(unsafe product.row_count) {
            let codes = unsafe product.rows + r * depth
            let row = unsafe product.codes[r]
            for first in stride(from: 0, to: columns, by: 16) {
                let panel = unsafe UnsafeRawPointer(product.panels + first * depth)
                var sums = SIMD16<Int32>.zero
                for k in stride(from: 0, to: depth, by: 4) {
                    let weights = unsafe panel.loadUnaligned(fromByteOffset: 16 &* k, as: SIMD16<Int32>.self)
                    for j in 0..<4 {
                        let weight = (weights &<< Int32(24 &- 8 &* j)) &>> 24
                        unsafe sums &+= weight &* Int32(codes[k &+ j])
                    }
                }
                for c in first..<min(first + 16, columns) {
                    let sum = unsafe sums[c - first] &- row.zero &* product.weight_sums[c]
                    unsafe product.output[r * product.stride + c] = Float(sum) * row.scale * product.weight_scales[c]
                }
            }
        }
    }
}
