// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How near points of the plane are, from 1 at no distance to 0: `1 / (1 + a d^(2b))`, fitted to a curve that is 1 up to the least distance and
/// falls exponentially behind it (McInnes, Healy and Melville, "UMAP", arXiv:1802.03426, definition 11).
struct LayoutCurve {
    let a: Float
    let b: Float

    /// The pair with the least squared error at 300 distances up to 3, by a search that halves its step.
    init(minimumDistance: Double) {
        let distances = (0..<300).map { 3 * Double($0) / 299 }
        let wanted = distances.map { $0 < minimumDistance ? 1 : exp(minimumDistance - $0) }
        func error(_ a: Double, _ b: Double) -> Double {
            zip(distances, wanted).reduce(0) { sum, point in
                let value = 1 / (1 + a * pow(point.0, 2 * b))
                return sum + (value - point.1) * (value - point.1)
            }
        }
        var best = (a: 1.0, b: 1.0, error: error(1, 1))
        var step = 0.5
        while step > 1e-6 {
            var improved = false
            for (da, db) in [(step, 0), (-step, 0), (0, step), (0, -step), (step, -step), (-step, step)] {
                let (a, b) = (best.a + da, best.b + db)
                guard a > 0, b > 0, b < 4 else { continue }
                let found = error(a, b)
                if found < best.error { (best, improved) = ((a, b, found), true) }
            }
            if !improved { step /= 2 }
        }
        a = Float(best.a)
        b = Float(best.b)
    }

    /// What pulls two points together, as a factor of their difference; `squared` is their squared distance.
    @inline(__always)
    func attraction(_ squared: Float) -> Float {
        guard squared > 0 else { return 0 }
        let power = powf(squared, b)
        return -2 * a * b * power / (squared * (1 + a * power))
    }

    /// What pushes two points apart, as a factor of their difference.
    @inline(__always)
    func repulsion(_ squared: Float) -> Float {
        2 * b / ((0.001 + squared) * (1 + a * powf(squared, b)))
    }
}
