// SPDX-License-Identifier: Apache-2.0

extension SIMD4<Float> {
    /// e^x for four numbers that are at most 88.
    ///
    /// x = n * ln 2 + r with |r| <= ln 2 / 2; ln 2 is split in two so that n * (high part) is exact; e^r is a
    /// polynomial of degree 6 (the coefficients of Cephes' `expf`), and 2^n is put together from its exponent bits.
    /// Numbers below -87 give e^-87, about 1.6e-38: never a subnormal, never zero.
    ///
    /// Accuracy: relative error below 2^-22 from -87 to 88. NaN gives NaN.
    @inline(__always)
    package var exponential: SIMD4<Float> {
        // Not `pointwiseMax`, which takes the bound for a NaN, and is slower.
        let x = replacing(with: -87, where: self .< -87)
        // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits of the sum.
        let shifted = x * 1.442_695_04 + 12_582_912
        let n = shifted - 12_582_912
        let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
        var p = r * 1.987_569_15e-4 + 1.398_199_95e-3
        p = p * r + 8.333_451_9e-3
        p = p * r + 4.166_579_6e-2
        p = p * r + 1.666_666_55e-1
        p = p * r + 5.000_000_1e-1
        p = p * (r * r) + r + 1
        let bits = unsafe unsafeBitCast(shifted, to: SIMD4<UInt32>.self)
        let exponent = (bits &<< 23) &+ SIMD4<UInt32>(repeating: 127 << 23)
        return unsafe p * unsafeBitCast(exponent, to: SIMD4<Float>.self)
    }

    /// The error function of four numbers.
    ///
    /// An odd rational function of degree 11 over 10, fitted to the largest absolute error on [-4, 4]; beyond that erf
    /// is 1 to within half a unit in the last place, and the argument is held at the ends.
    ///
    /// Accuracy: absolute error below 5e-7. NaN gives NaN.
    @inline(__always)
    package var errorFunction: SIMD4<Float> {
        let z = replacing(with: -4, where: self .< -4).replacing(with: 4, where: self .> 4)
        let u = z * z
        var p = u * 1.974_819_27e-6 + 2.880_418_61e-4
        p = p * u + 4.003_680_31e-3
        p = p * u + 5.346_758_66e-2
        p = p * u + 1.962_498_43e-1
        p = p * u + 1.128_378_99
        var q = u * 3.748_077_14e-5 + 1.216_367_59e-3
        q = q * u + 1.544_449_2e-2
        q = q * u + 1.164_767_74e-1
        q = q * u + 5.072_530_5e-1
        q = q * u + 1
        return z * (p / q)
    }
}
