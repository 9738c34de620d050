// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// What is lost where float64 or int32 components, or numbers in a text, are rounded to `Float`, on which scores are defined.
package struct RoundingLoss: Sendable, Equatable {
    /// What the components are in the file, e.g. `float64`.
    package let type: String
    /// Components that are not floats.
    package var changedComponents = 0
    /// The largest change of a component, relative to it.
    package var largestRelativeChange = 0.0
    /// Rows that become equal to a row before them that they differed from.
    package var mergedRows = 0
    /// Rows of the file.
    package var rowCount = 0

    /// Numbers of a text.
    ///
    /// A decimal fraction is nearly always rounded, and nobody is told of that; but a number from 2^24 on that changes has lost digits before the
    /// point, as integers do that stand for something.
    package static let ofText = RoundingLoss(type: "text")

    /// The nearest float of a number in a text; counts it if it is large and changes.
    package mutating func float(_ value: Double) -> Float {
        let float = Float(value)
        if abs(value) >= 0x1p24, float.isFinite, Double(float) != value {
            changedComponents += 1
            largestRelativeChange = max(largestRelativeChange, abs((Double(float) - value) / value))
        }
        return float
    }
}

extension VectorMatrix {
    /// What rounding changes, or nil if the components are floats in the file already, or fit them by their type.
    ///
    /// Rows are told apart by 64-bit hashes: two in a billion rows may be taken for equal by chance, which only a count of a
    /// warning sees.
    /// - Complexity: reads the matrix once, in parallel; 16 bytes a row.
    /// - Throws: `CancellationError`.
    package func roundingLoss(workers: Workers, cancellation: CancellationFlag?) throws -> RoundingLoss? {
        let type: String
        switch storage.elementType {
        case .float64: type = "float64"
        case .int32: type = "int32"
        default: return lossOfReading
        }
        let isInteger = storage.elementType == .int32
        let rowsPerPart = max(1, (1 << 18) / dimension)
        let parts = try concurrentMap(
            count: (rowCount + rowsPerPart - 1) / rowsPerPart,
            workers: workers.count
        ) { part in
            try cancellation?.check()
            var loss = RoundingLoss(type: type)
            let rows = part * rowsPerPart..<min((part + 1) * rowsPerPart, rowCount)
            let hashes = rows.map { row in
                storage.withBytes(ofRow: row) { Self.compare($0, isInteger: isInteger, &loss) }
            }
            return (loss, hashes)
        }
        var whole = RoundingLoss(type: type)
        whole.rowCount = rowCount
        var exactHashes: [UInt64: UInt64] = [:]
        for (loss, hashes) in parts {
            whole.changedComponents += loss.changedComponents
            whole.largestRelativeChange = max(whole.largestRelativeChange, loss.largestRelativeChange)
            for hash in hashes {
                if let first = exactHashes[hash.rounded] {
                    if first != hash.exact { whole.mergedRows += 1 }
                } else {
                    exactHashes[hash.rounded] = hash.exact
                }
            }
        }
        return whole
    }

    /// Compares the float64 or int32 components of a row with their roundings; returns a hash of each.
    private static func compare(
        _ bytes: Span<UInt8>,
        isInteger: Bool,
        _ loss: inout RoundingLoss
    ) -> (exact: UInt64, rounded: UInt64) {
        var (exact, rounded): (UInt64, UInt64) = (0, 0)
        for place in stride(from: 0, to: bytes.count, by: isInteger ? 4 : 8) {
            // Zero has two patterns and is one value.
            let value =
                isInteger
                ? Double(bytes.integer(Int32.self, at: place)) : Double(bitPattern: bytes.integer(at: place)) + 0
            let float = Double(Float(value))
            exact = mixed(exact, value.bitPattern)
            rounded = mixed(rounded, float.bitPattern)
            // An infinity or a NaN is an invalid row, which is told elsewhere.
            guard value != float, float.isFinite else { continue }
            loss.changedComponents += 1
            loss.largestRelativeChange = max(loss.largestRelativeChange, abs((float - value) / value))
        }
        return (exact, rounded)
    }

    /// A hash of a sequence, step by step: the finalizer of SplitMix64.
    private static func mixed(_ hash: UInt64, _ value: UInt64) -> UInt64 {
        SeededGenerator.mixed((hash ^ value) &+ 0x9E37_79B9_7F4A_7C15)
    }
}
