// SPDX-License-Identifier: Apache-2.0

/// The inner loops of the reduction, on rows of `Double` of any alignment. Lanes and their order are fixed, so results
/// are the same bytes on every machine.
enum DoubleRow {
    /// a . b
    static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, count: Int) -> Double {
        var s0 = SIMD4<Double>.zero
        var s1 = SIMD4<Double>.zero
        var i = 0
        while i &+ 8 <= count {
            unsafe s0 += SIMD4(loading: a, at: i) * SIMD4(loading: b, at: i)
            unsafe s1 += SIMD4(loading: a, at: i &+ 4) * SIMD4(loading: b, at: i &+ 4)
            i &+= 8
        }
        let s = s0 + s1
        var sum = (s[0] + s[2]) + (s[1] + s[3])
        while i < count {
            unsafe sum += a[i] * b[i]
            i &+= 1
        }
        return sum
    }

    /// c += factor * a
    static func add(
        _ a: UnsafePointer<Double>,
        factor: Double,
        to c: UnsafeMutablePointer<Double>,
        count: Int
    ) {
        var i = 0
        while i &+ 4 <= count {
            unsafe (SIMD4(loading: c, at: i) + factor * SIMD4(loading: a, at: i)).store(to: c, at: i)
            i &+= 4
        }
        while i < count {
            unsafe c[i] += factor * a[i]
            i &+= 1
        }
    }

    /// c += factorA * a + factorB * b
    static func add(
        _ a: UnsafePointer<Double>,
        factor factorA: Double,
        _ b: UnsafePointer<Double>,
        factor factorB: Double,
        to c: UnsafeMutablePointer<Double>,
        count: Int
    ) {
        var i = 0
        while i &+ 4 <= count {
            let sum = unsafe factorA * SIMD4(loading: a, at: i) + factorB * SIMD4(loading: b, at: i)
            unsafe (SIMD4(loading: c, at: i) + sum).store(to: c, at: i)
            i &+= 4
        }
        while i < count {
            unsafe c[i] += factorA * a[i] + factorB * b[i]
            i &+= 1
        }
    }

    /// Returns a . b and adds factor * a to c, in one read of a.
    static func dotAndAdd(
        _ a: UnsafePointer<Double>,
        dot b: UnsafePointer<Double>,
        factor: Double,
        to c: UnsafeMutablePointer<Double>,
        count: Int
    ) -> Double {
        var s = SIMD4<Double>.zero
        var i = 0
        while i &+ 4 <= count {
            let x = unsafe SIMD4(loading: a, at: i)
            unsafe s += x * SIMD4(loading: b, at: i)
            unsafe (SIMD4(loading: c, at: i) + factor * x).store(to: c, at: i)
            i &+= 4
        }
        var sum = (s[0] + s[2]) + (s[1] + s[3])
        while i < count {
            unsafe sum += a[i] * b[i]
            unsafe c[i] += factor * a[i]
            i &+= 1
        }
        return sum
    }
}

extension SIMD where Scalar == Double {
    /// Elements from an address of any alignment.
    @inline(__always)
    init(loading p: UnsafePointer<Double>, at index: Int) {
        self = unsafe UnsafeRawPointer(p + index).loadUnaligned(as: Self.self)
    }

    /// Elements to an address of any alignment.
    @inline(__always)
    func store(to p: UnsafeMutablePointer<Double>, at index: Int) {
        unsafe UnsafeMutableRawPointer(p + index).storeBytes(of: self, as: Self.self)
    }
}
