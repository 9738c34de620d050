// SPDX-License-Identifier: Apache-2.0

package import System

/// A vector for each token of a vocabulary: rows of floats, or of bytes, with a factor a token.
///
/// Tokens may share rows. A row is read where it is; nothing is widened before it is used.
package struct TokenTable: Sendable {
    /// What a row is made of.
    package enum Component: Sendable {
        case float32, int8
    }

    package let width: Int
    /// The ids are those below this.
    package let tokenCount: Int
    private let storage: SharedBytes
    private let byteOffset: Int
    private let component: Component
    /// The row of each token; nil where token `i` has row `i`.
    private let rows: [Int32]?
    /// The factor of each token; nil where all are 1.
    private let factors: [Float]?

    /// - Precondition: the rows are inside the bytes, floats at a multiple of 4; rows and factors, where there are some, are of as many
    ///   tokens; every token has a row.
    package init(
        _ storage: SharedBytes,
        byteOffset: Int,
        component: Component,
        rowCount: Int,
        width: Int,
        rows: [Int32]?,
        factors: [Float]?
    ) {
        precondition(width > 0 && rowCount >= 0 && byteOffset >= 0 && byteOffset <= storage.byteCount)
        let size = component == .float32 ? 4 : 1
        precondition(rowCount <= (storage.byteCount - byteOffset) / (width * size))
        precondition(component == .int8 || byteOffset % 4 == 0)
        precondition(rows?.allSatisfy { (0..<rowCount).contains(Int($0)) } ?? true)
        let tokens = rows?.count ?? factors?.count ?? rowCount
        precondition(factors == nil || factors?.count == tokens)
        precondition(rows != nil || tokens <= rowCount)
        tokenCount = tokens
        self.storage = storage
        self.byteOffset = byteOffset
        self.component = component
        self.width = width
        self.rows = rows
        self.factors = factors
    }

    /// vector <- the sum of `factor * row` over tokens, over how many there are; zeros for none.
    ///
    /// Shapes: `vector` at least ``width`` from `start` on. Sums are in `Float`, in order of the tokens, so that the same tokens give the same bits
    /// everywhere.
    /// - Precondition: every id is below ``tokenCount``.
    /// - Complexity: tokens * width multiply-adds.
    package func average(_ ids: borrowing Span<Int32>, into vector: inout [Float], at start: Int) {
        precondition(start >= 0 && start + width <= vector.count)
        var places: [(row: Int, factor: Float)] = []
        places.reserveCapacity(ids.count)
        for i in 0..<ids.count {
            let id = Int(ids[i])
            precondition(id >= 0 && id < tokenCount, "token \(id) of \(tokenCount)")
            places.append((rows.map { Int($0[id]) } ?? id, factors.map { $0[id] } ?? 1))
        }
        let scale = ids.isEmpty ? 0 : 1 / Float(ids.count)
        unsafe vector.withUnsafeMutableBufferPointer { vector in
            guard let output = vector.baseAddress else { return }
            unsafe average(places, scale, into: output + start)
        }
        withExtendedLifetime(storage) {}
    }

    private func average(
        _ places: [(row: Int, factor: Float)],
        _ scale: Float,
        into output: UnsafeMutablePointer<Float>
    ) {
        let base = unsafe storage.start + byteOffset
        var column = 0
        // Sixteen sums stay in registers while the tokens pass.
        while column &+ 16 <= width {
            var sums = SIMD16<Float>.zero
            for place in places {
                let first = place.row &* width &+ column
                switch component {
                case .float32:
                    let row = unsafe base.loadUnaligned(fromByteOffset: 4 &* first, as: SIMD16<Float>.self)
                    sums += row * place.factor
                case .int8:
                    let bytes = unsafe base.loadUnaligned(fromByteOffset: first, as: SIMD16<Int8>.self)
                    sums += SIMD16<Float>(SIMD16<Int32>(truncatingIfNeeded: bytes)) * place.factor
                }
            }
            unsafe UnsafeMutableRawPointer(output + column).storeBytes(of: sums * scale, as: SIMD16<Float>.self)
            column &+= 16
        }
        while column < width {
            var sum: Float = 0
            for place in places {
                let index = place.row &* width &+ column
                switch component {
                case .float32:
                    sum += unsafe base.loadUnaligned(fromByteOffset: 4 &* index, as: Float.self) * place.factor
                case .int8: sum += unsafe Float(base.load(fromByteOffset: index, as: Int8.self)) * place.factor
                }
            }
            unsafe output[column] = sum * scale
            column &+= 1
        }
    }
}
