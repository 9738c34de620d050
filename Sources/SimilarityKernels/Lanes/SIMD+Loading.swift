// SPDX-License-Identifier: Apache-2.0

// Helpers that loops of several files share, those of the transformer among them. Everything here is inlined into the loop that uses it.

extension SIMD4<Float> {
    /// Four floats from an address of any alignment.
    @inlinable @inline(__always)
    package init(loading p: UnsafePointer<Float>, at index: Int) {
        self = unsafe UnsafeRawPointer(p + index).loadUnaligned(as: SIMD4<Float>.self)
    }

    /// `(e0 + e2) + (e1 + e3)`: two additions deep, for filters, whose slack allows any order.
    @inlinable @inline(__always)
    package var filterSum: Float { (self[0] + self[2]) + (self[1] + self[3]) }
}

extension SIMD2<Double> {
    /// Two floats, widened. Spelled by element because the generic conversion of SIMD types is a loop; this form is one
    /// `cvtps2pd`.
    @inline(__always)
    init(widening p: UnsafePointer<Float>, at index: Int) {
        self = unsafe SIMD2<Double>(Double(p[index]), Double(p[index + 1]))
    }
}
