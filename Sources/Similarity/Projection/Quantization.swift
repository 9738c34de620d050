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
    /// The components of some rows as signed bytes, each an integer from -128 to 127; components out of their range get the nearest end.
    ///
    /// - Precondition: the calibration is of this dimension; the rows are rows of this matrix.
    public func bytes(ofRows rows: Range<Int>, by calibration: ByteCalibration) -> VectorMatrix {
        precondition(calibration.minima.count == dimension, "a calibration of \(calibration.minima.count) components")
        return mapped(rows, width: dimension) { source, target in
            for j in source.indices {
                let (low, high) = (Double(calibration.minima[j]), Double(calibration.maxima[j]))
                let share = high > low ? (Double(source[j]) - low) / (high - low) : 0
                let value = (share * 255).rounded() - 128
                // A NaN, of a row that is to be skipped, becomes the least.
                target[j] = Float(value > -128 ? min(value, 127) : -128)
            }
        }
    }

    /// The signs of the components of some rows, eight to a byte, the first in the highest bit: 1 for positive ones. That is what
    /// `numpy.packbits(x > 0, axis=1)` gives, and FAISS's `IndexBinaryFlat` and usearch read.
    ///
    /// - Precondition: the rows are rows of this matrix.
    public func signBits(ofRows rows: Range<Int>) -> VectorMatrix {
        mapped(rows, width: (dimension + 7) / 8) { source, target in
            for (j, value) in source.enumerated() where value > 0 { target[j / 8] += Float(128 >> (j % 8)) }
        }
    }

    private func mapped(
        _ rows: Range<Int>,
        width: Int,
        _ body: (_ source: [Float], _ target: inout [Float]) -> Void
    ) -> VectorMatrix {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
        var values: [Float] = []
        values.reserveCapacity(rows.count * width)
        for row in rows {
            var target = [Float](repeating: 0, count: width)
            body(self[row], &target)
            values += target
        }
        return VectorMatrix(rowCount: rows.count, dimension: width, values: values, ids: ids.map { Array($0[rows]) })
    }
}
