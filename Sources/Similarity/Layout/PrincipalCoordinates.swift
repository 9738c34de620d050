// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// Places in the plane whose distances are as near to those of the rows as a plane allows: principal coordinates, or classical scaling
/// (Torgerson 1952, doi:10.1007/BF02288916; Gower 1966, doi:10.1093/biomet/53.3-4.325). Three rows keep their distances exactly, up to rounding.
struct PrincipalCoordinates {
    /// Two components a row.
    let places: [Float]

    /// - Parameter distances: `count * count`, symmetric, zero on the diagonal.
    /// - Complexity: an eigenproblem of order `count`.
    init(distances: [Double], count: Int) throws {
        let largest = distances.max() ?? 0
        guard count >= 2, largest > 0 else {
            places = [Float](repeating: 0, count: 2 * count)
            return
        }
        // Of squares, centered in both directions; by the largest, so that no square leaves the range.
        var squares = distances.map { ($0 / largest) * ($0 / largest) }
        let means = (0..<count).map { row in squares[row * count..<(row + 1) * count].reduce(0, +) / Double(count) }
        let mean = means.reduce(0, +) / Double(count)
        for i in 0..<count {
            for j in 0..<count { squares[i * count + j] = -0.5 * (squares[i * count + j] - means[i] - means[j] + mean) }
        }
        let eigen = try SymmetricEigen.decompose(
            SymmetricEigen.preferred,
            matrix: squares.map { Float($0) },
            order: count
        )
        var places = [Double](repeating: 0, count: 2 * count)
        for axis in 0..<min(2, count) {
            let length = Double(max(0, eigen.values[axis])).squareRoot() * largest
            for i in 0..<count { places[2 * i + axis] = Double(eigen.vectors[axis * count + i]) * length }
        }
        self.places = places.map { Float($0) }
    }
}

extension VectorMatrix {
    /// The distances of all rows from each other: of their unit vectors for cosine, `sqrt(2 - 2 cos)`; a zero row has length 0 there.
    func planeDistances(metric: Metric) -> [Double] {
        let rows = (0..<rowCount).map { row -> [Double] in
            let values = self[row].map(Double.init)
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return metric == .cosine && norm > 0 ? values.map { $0 / norm } : values
        }
        var distances = [Double](repeating: 0, count: rowCount * rowCount)
        for i in 0..<rowCount {
            for j in 0..<i {
                let square = zip(rows[i], rows[j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                distances[i * rowCount + j] = square.squareRoot()
                distances[j * rowCount + i] = square.squareRoot()
            }
        }
        return distances
    }

    /// Kruskal's stress of a layout of these rows: the root of the squares of what distances in the plane differ by, as a share of the squares of the
    /// distances; 0 where all are kept.
    ///
    /// - Complexity: all pairs of rows, in `Double`.
    package func stress(of places: VectorMatrix, metric: Metric) -> Double {
        let (wanted, found) = (planeDistances(metric: metric), places.planeDistances(metric: .euclidean))
        let all = wanted.reduce(0) { $0 + $1 * $1 }
        return all > 0 ? (zip(wanted, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / all).squareRoot() : 0
    }
}
