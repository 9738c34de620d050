// SPDX-License-Identifier: Apache-2.0

// The formula as it is written down, one term at a time. Swift never contracts `a * b + c`, so this is also the
// reference for the distance.

extension Verdict {
    static func referenceDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, depth: Int) -> Double {
        var lanes: (Double, Double, Double, Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0, 0, 0, 0)
        for i in 0..<depth {
            let term = unsafe Double(a[i]) * Double(b[i])
            add(term, at: i, to: &lanes)
        }
        return sum(lanes)
    }

    static func referenceSquaredDistance(
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        depth: Int
    ) -> Double {
        var lanes: (Double, Double, Double, Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0, 0, 0, 0)
        for i in 0..<depth {
            let difference = unsafe Double(a[i]) - Double(b[i])
            add(difference * difference, at: i, to: &lanes)
        }
        return sum(lanes)
    }

    private typealias Lanes = (Double, Double, Double, Double, Double, Double, Double, Double)

    private static func add(_ term: Double, at index: Int, to l: inout Lanes) {
        switch index % 8 {
        case 0: l.0 += term
        case 1: l.1 += term
        case 2: l.2 += term
        case 3: l.3 += term
        case 4: l.4 += term
        case 5: l.5 += term
        case 6: l.6 += term
        default: l.7 += term
        }
    }

    private static func sum(_ l: Lanes) -> Double {
        ((l.0 + l.4) + (l.2 + l.6)) + ((l.1 + l.5) + (l.3 + l.7))
    }
}
