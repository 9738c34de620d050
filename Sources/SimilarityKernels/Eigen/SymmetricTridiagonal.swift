// SPDX-License-Identifier: Apache-2.0

/// A symmetric tridiagonal matrix, and its eigenvalues by QL with implicit shifts (Golub and Van Loan, section 8.3.3,
/// upside down as in EISPACK's tql2).
package struct SymmetricTridiagonal {
    /// After `diagonalize` the eigenvalues, in no order.
    package var diagonal: [Double]
    /// Element i couples i and i + 1; the last is zero.
    package var offDiagonal: [Double]

    package init(order: Int) {
        diagonal = [Double](repeating: 0, count: order)
        offDiagonal = [Double](repeating: 0, count: order)
    }

    /// Makes the matrix diagonal and hands out the rotations that did it, in order, a batch at a time: applied to the
    /// rows of the identity they make row i the eigenvector of `diagonal[i]`.
    ///
    /// An eigenvalue takes a little over two sweeps on average; LAPACK's limit is 30, too.
    package mutating func diagonalize(
        sweepsPerValue: Int = 30,
        _ body: (PlaneRotations) -> Void
    ) throws(EigenError) {
        let order = diagonal.count
        // A sweep rounds relative to the largest elements that it meets, so a coupling need not get smaller than a few
        // of their roundings, however small its own neighbors are. All that are dropped change A by 2^-49 |A| at most.
        var size = 0.0
        for i in 0..<order { size = max(size, abs(diagonal[i]) + abs(offDiagonal[i])) }
        let tolerance = 0x1p-50 * size
        var rotations = PlaneRotations(columns: order)
        var sweeps = sweepsPerValue * order
        for first in 0..<order {
            while true {
                let last = splitBlock(from: first, tolerance)
                if last == first { break }
                guard sweeps > 0 else { throw .noConvergence(order: order) }
                sweeps -= 1
                sweep(first, last, &rotations)
                if rotations.isFull {
                    body(rotations)
                    rotations.removeAll()
                }
            }
        }
        body(rotations)
    }

    /// Cuts the matrix at the first coupling within the tolerance and returns the last index before the cut.
    private mutating func splitBlock(from first: Int, _ tolerance: Double) -> Int {
        for i in first..<diagonal.count - 1 where abs(offDiagonal[i]) <= tolerance {
            offDiagonal[i] = 0
            return i
        }
        return diagonal.count - 1
    }

    /// One implicit step on the block `first...last`: a rotation of its last two coordinates that the shift calls for,
    /// then one a row to chase what sticks out of the band up and away.
    private mutating func sweep(_ first: Int, _ last: Int, _ rotations: inout PlaneRotations) {
        // Wilkinson's shift: the eigenvalue of the leading 2 x 2 block that is nearer to its first element.
        let coupling = offDiagonal[first]
        let half = (diagonal[first + 1] - diagonal[first]) / 2
        let root = hypotenuse(half, coupling)
        let shift = diagonal[first] - coupling * (coupling / (half < 0 ? half - root : half + root))

        // (x, z) is what a rotation turns into (r, 0).
        var x = diagonal[last] - shift
        var z = offDiagonal[last - 1]
        for i in Swift.stride(from: last - 1, through: first, by: -1) {
            let r = hypotenuse(x, z)
            if i < last - 1 { offDiagonal[i + 1] = r }
            // Both vanish: the band is whole, and cut here.
            if r < SymmetricEigen.negligible { return }
            let (cosine, sine) = (x / r, z / r)
            let (lower, upper, between) = (diagonal[i + 1], diagonal[i], offDiagonal[i])
            let change = sine * (upper - lower) + 2 * cosine * between
            diagonal[i + 1] = lower + sine * change
            diagonal[i] = upper - sine * change
            offDiagonal[i] = cosine * change - between
            rotations.append(row: i, cosine: cosine, sine: sine)
            if i > first {
                x = offDiagonal[i]
                z = sine * offDiagonal[i - 1]
                offDiagonal[i - 1] *= cosine
            }
        }
    }

    /// sqrt(x^2 + y^2) without squares that vanish; not the C library's, whose last bits differ between machines.
    private func hypotenuse(_ x: Double, _ y: Double) -> Double {
        let (small, large) = abs(x) < abs(y) ? (abs(x), abs(y)) : (abs(y), abs(x))
        if large == 0 { return 0 }
        let ratio = small / large
        return large * (1 + ratio * ratio).squareRoot()
    }
}
