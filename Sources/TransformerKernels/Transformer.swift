// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
package import System

/// The numeric loops of a BERT-family transformer.
///
/// Matrices are row-major arrays, one row a token, and the tokens of several texts follow one another without padding.
/// Each function checks its extents before it takes an address, allocates nothing, and runs on the caller's thread.
/// Where a sum is made of four lanes, the lanes are added in a fixed order, so the same input gives the same bits.
package enum Transformer {}

/// Weights of a model: floats at a stable address, either in the mapped file itself or converted once on loading.
package struct Weights: Sendable {
    /// The element types that weights are stored in.
    package enum ElementType: Sendable {
        case float32, float16, bfloat16

        /// Bytes of one element.
        package var byteCount: Int { self == .float32 ? 4 : 2 }
    }

    package let count: Int
    private let storage: SharedBytes
    private let byteOffset: Int

    /// The `count` elements of `type` that begin `byteOffset` bytes into a file.
    ///
    /// Floats that are aligned stay where they are, so pages of the file are read when they are used and shared
    /// between processes; everything else is copied. Widening is exact.
    /// - Precondition: the elements are inside the file.
    package init(_ bytes: SharedBytes, byteOffset: Int, count: Int, type: ElementType) {
        precondition(byteOffset >= 0 && count >= 0 && byteOffset <= bytes.byteCount)
        precondition(count <= (bytes.byteCount - byteOffset) / type.byteCount)
        self.count = count
        if type == .float32, byteOffset % MemoryLayout<Float>.alignment == 0 {
            (storage, self.byteOffset) = (bytes, byteOffset)
            return
        }
        self.byteOffset = 0
        storage = SharedBytes(floatCount: count) { floats in
            let source = unsafe bytes.start + byteOffset
            for i in 0..<count {
                switch type {
                case .float32: floats[i] = unsafe source.loadUnaligned(fromByteOffset: 4 &* i, as: Float.self)
                case .float16:
                    let half = unsafe source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
                    floats[i] = ElementConversion.widened(half: half)
                case .bfloat16:
                    let high = unsafe source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
                    floats[i] = Float(bitPattern: UInt32(high) << 16)
                }
            }
        }
    }

    /// Weights that are given as values.
    package init(_ values: [Float]) {
        count = values.count
        storage = SharedBytes(copying: values)
        byteOffset = 0
    }

    /// The same floats as rows of tokens; see ``TokenTable``.
    package func table(rowCount: Int, width: Int, rows: [Int32]?, factors: [Float]?) -> TokenTable {
        TokenTable(
            storage,
            byteOffset: byteOffset,
            component: .float32,
            rowCount: rowCount,
            width: width,
            rows: rows,
            factors: factors
        )
    }

    /// The first element.
    ///
    /// Valid as long as the value is; who uses it keeps the value with `withExtendedLifetime`.
    var start: UnsafePointer<Float> {
        unsafe (storage.start + byteOffset).assumingMemoryBound(to: Float.self)
    }
}
