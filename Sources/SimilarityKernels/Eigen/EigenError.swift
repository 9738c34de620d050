// SPDX-License-Identifier: Apache-2.0

/// Why a matrix could not be decomposed.
package enum EigenError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An entry is NaN or infinite; the first such one of the lower triangle.
    case notFinite(row: Int, column: Int)
    /// An eigenvalue is larger than the largest `Float`, though no entry is.
    case tooLarge(order: Int)
    /// The iteration reached its limit. No matrix is known that does this.
    case noConvergence(order: Int)

    package var description: String {
        switch self {
        case .notFinite(let row, let column):
            "expected finite numbers, found a NaN or an infinity at row \(row), column \(column) of a symmetric matrix"
        case .tooLarge(let order):
            "an eigenvalue of a symmetric matrix of order \(order) is beyond the range of Float"
        case .noConvergence(let order):
            "the eigenvalues of a symmetric matrix of order \(order) did not converge"
        }
    }
}
