// SPDX-License-Identifier: Apache-2.0

// Whether rows are of the kind that a projection or ranges were fitted on. A dimension that fits says little of that.

extension VectorMatrix {
    /// Valid rows spread evenly over the matrix, at most so many.
    fileprivate func spreadSample(_ size: Int) -> [Int] {
        let rows = validRows()
        guard rows.count > size else { return rows }
        return (0..<size).map { rows[Int((Double($0) + 0.5) * Double(rows.count) / Double(size))] }
    }
}

extension LinearProjection {
    /// The share of the squared distance from the mean that the directions keep, over a sample of rows spread evenly; nil where there is no valid
    /// row, or none that differs from the mean.
    ///
    /// For the rows that principal components were fitted on it is the sum of ``explainedVarianceRatio``; for those of another space it is about
    /// `outputDimension / dimension`.
    ///
    /// - Precondition: the rows are of ``dimension`` components.
    /// - Complexity: `sampleSize * outputDimension * dimension`.
    public func retainedVariance(of rows: VectorMatrix, sampleSize: Int = 256) -> Double? {
        precondition(rows.dimension == dimension, "\(rows.dimension) components, expected \(dimension)")
        let norms = (0..<outputDimension).map { i in
            coefficients.isEmpty
                ? 1 : (0..<dimension).reduce(0.0) { $0 + Double(coefficients[i * dimension + $1]).squared }
        }
        var (whole, kept) = (0.0, 0.0)
        for row in rows.spreadSample(sampleSize) {
            let values = rows[row]
            let centered = (0..<dimension).map { Double(values[$0]) - (offset.isEmpty ? 0 : Double(offset[$0])) }
            whole += centered.reduce(0) { $0 + $1.squared }
            for i in 0..<outputDimension where norms[i] > 0 {
                let along =
                    coefficients.isEmpty
                    ? centered[i]
                    : (0..<dimension).reduce(0.0) { $0 + centered[$1] * Double(coefficients[i * dimension + $1]) }
                kept += along.squared / norms[i]
            }
        }
        return whole > 0 ? kept / whole : nil
    }
}

extension ByteCalibration {
    /// The share of components that lie outside of their ranges, and become the nearest end, over a sample of rows spread evenly; 0 where there is no
    /// valid row.
    ///
    /// - Precondition: the rows are of as many components as there are ranges.
    public func clippedShare(of rows: VectorMatrix, sampleSize: Int = 4096) -> Double {
        precondition(rows.dimension == minima.count, "\(rows.dimension) components, expected \(minima.count)")
        let sample = rows.spreadSample(sampleSize)
        let clipped = sample.reduce(0) { sum, row in
            let values = rows[row]
            return sum + values.indices.count { values[$0] < minima[$0] || values[$0] > maxima[$0] }
        }
        return sample.isEmpty ? 0 : Double(clipped) / Double(sample.count * rows.dimension)
    }
}

extension Double {
    fileprivate var squared: Double { self * self }
}
