// SPDX-License-Identifier: Apache-2.0

internal import System

/// The slack of the integer filter, in `Double`: which products of codes prove that a pair cannot matter. The proof, with
/// these letters, is on the page `BoundedFilter` of the module `Similarity`.
///
/// For a query `q` and a row `x` as they are compared (unit vectors for cosines), rotated by `R` and cut into prefix and tail:
///
///     q.x <= s_q s_x I + h_q e_x + e_q a_x + b_q b_x + c |q||x|                                      first stage
///     q.x <= s_q s_x I + h_q e_x + e_q a_x + s'_q s'_x J + h'_q e'_x + e'_q b_x + c |q||x|           second stage
///
/// A pair matters only if `q.x >= L + o_x`, where `L` is the floor, made of the cut and the query, and `o_x`, for distances
/// alone, the offset of the row. `c` (`normSlack`) is the defect of the rotation and the error of the verdict. The first stage is
/// `CodeLimits`.
package struct CodeBound: Sendable {
    package let normSlack: Double
    let hasOffsets: Bool
    let tail: Tail
    /// A relative error of this much covers the dozen operations in `Double` that make a bound.
    static let rounding = 0x1p-46

    /// What is known of the coordinates after the prefix.
    enum Tail: Sendable {
        /// There are none.
        case none
        /// Their length: the second stage has a better `e_x` than the first, and no `J`.
        case measured
        /// Their length and their codes.
        case coded
    }

    package init(normSlack: Double, hasOffsets: Bool, shape: CodeShape) {
        self.normSlack = normSlack
        self.hasOffsets = hasOffsets
        tail = shape.tail > 0 ? .coded : shape.rest > 0 ? .measured : .none
    }

    /// `L`, and the size of what it was made of, which its rounding is relative to.
    package struct Floor: Sendable {
        package var value: Double
        package var magnitude: Double
        package static let none = Floor(value: -.infinity, magnitude: 0)

        package init(value: Double, magnitude: Double) {
            self.value = value
            self.magnitude = magnitude
        }
    }

    /// About `q.x - o_x` and at least `q.x - o_x`, after the second stage.
    @inline(__always)
    func estimate(
        _ query: CodeQueryTerms,
        _ block: CodeBlockTerms,
        _ row: CodeRowTerms,
        offset: Float,
        product: Int32,
        tailProduct: Int32
    ) -> (value: Double, upper: Double) {
        var value = query.scale * block.scale * Double(product)
        var slack =
            query.codedNorm * Double(row.residual) + query.residual * Double(row.prefixNorm)
            + normSlack * query.norm * block.norm
        switch tail {
        case .none: break
        case .measured: slack += query.tailNorm * Double(row.tailNorm)
        case .coded:
            value += query.tailScale * Double(row.tailScale) * Double(tailProduct)
            slack += query.tailCodedNorm * Double(row.tailResidual) + query.tailResidual * Double(row.tailNorm)
        }
        let offset = Double(offset)
        slack += (abs(value) + slack + offset) * Self.rounding
        return (value - offset, value - offset + slack)
    }

    /// Whether a pair with such an upper bound is in doubt.
    @inline(__always)
    package static func survives(_ upper: Double, _ floor: Floor) -> Bool {
        !(upper < floor.value - floor.magnitude * rounding)
    }
}
