// SPDX-License-Identifier: Apache-2.0

/// The range of each component of some rows, by which components become bytes: component `x` of range `a...b` becomes
/// `round((x - a) / (b - a) * 255) - 128`, clamped, as sentence-transformers has it with other rounding.
public struct ByteCalibration: Sendable, Equatable {
    /// The least of each component.
    public let minima: [Float]
    /// The largest of each component.
    public let maxima: [Float]

    /// Ranges that have been stored.
    ///
    /// - Precondition: as many minima as maxima, at least one, all finite, none above its maximum.
    public init(minima: [Float], maxima: [Float]) {
        precondition(!minima.isEmpty && minima.count == maxima.count, "\(minima.count) and \(maxima.count) ends")
        precondition(zip(minima, maxima).allSatisfy { $0 <= $1 && $0.isFinite && $1.isFinite }, "ranges that are none")
        self.minima = minima
        self.maxima = maxima
    }

    /// The ranges of the valid rows of a matrix.
    ///
    /// - Complexity: reads the rows once, on the calling thread.
    /// - Throws: ``SimilarityError`` if there are invalid rows that are not to be skipped, or no others; `CancellationError`.
    public init(of rows: VectorMatrix, options: RunOptions = RunOptions()) throws {
        if options.invalidRows == .reject { try InvalidRowCheck.reject(rows.storage, side: .corpus, options) }
        var (low, high) = ([Float](), [Float]())
        for (count, row) in rows.validRows().enumerated() {
            if count % 4096 == 0 { try options.checkCancellation() }
            let values = rows[row]
            if low.isEmpty { (low, high) = (values, values) }
            for j in values.indices {
                low[j] = min(low[j], values[j])
                high[j] = max(high[j], values[j])
            }
        }
        guard !low.isEmpty else {
            throw SimilarityError.tooFewRows("expected at least 1 valid row to calibrate by, found none")
        }
        self.init(minima: low, maxima: high)
    }
}

extension VectorMatrix {
    /// The components of the rows as signed bytes, each an integer from -128 to 127; components out of their range get the nearest end.
    ///
    /// - Complexity: reads the rows once, on the calling thread; a byte a component.
    /// - Precondition: the calibration is of this dimension.
    public func bytes(by calibration: ByteCalibration) -> ByteMatrix {
        precondition(calibration.minima.count == dimension, "a calibration of \(calibration.minima.count) components")
        let width = dimension
        var bytes: [Int8] = []
        bytes.reserveCapacity(rowCount * width)
        for row in 0..<rowCount {
            withRow(row) { source in
                for j in 0..<width {
                    let (low, high) = (Double(calibration.minima[j]), Double(calibration.maxima[j]))
                    let share = high > low ? (Double(source[j]) - low) / (high - low) : 0
                    let value = (share * 255).rounded() - 128
                    // A NaN, of a row that is to be skipped, becomes the least.
                    bytes.append(value > -128 ? Int8(min(value, 127)) : -128)
                }
            }
        }
        return ByteMatrix(rowCount: rowCount, dimension: width, bytes: bytes, ids: ids)
    }

    /// The signs of the components of the rows, eight to a byte, the first in the highest bit: 1 for positive ones. That is what
    /// `numpy.packbits(x > 0, axis=1)` gives, and FAISS's `IndexBinaryFlat` and usearch read.
    ///
    /// - Complexity: reads the rows once, on the calling thread; a bit a component.
    public func signBits() -> PackedBits {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rowCount * PackedBits.byteCount(ofRowOf: dimension))
        for row in 0..<rowCount { withRow(row) { PackedBits.append(signsOf: $0, to: &bytes) } }
        return PackedBits(rowCount: rowCount, dimension: dimension, bytes: bytes, ids: ids)
    }
}
