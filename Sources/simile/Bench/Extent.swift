// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import System

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Two extents, as in `100000x384`: of a random matrix or of a tile.
struct Extent: ExpressibleByArgument {
    let rows: Int
    let columns: Int

    init?(argument: String) {
        let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let rows = parts[0], let columns = parts[1], rows > 0, columns > 0,
            rows <= 1 << 40, columns <= RowStorage.dimensionLimit
        else { return nil }
        self.rows = rows
        self.columns = columns
    }

    /// Independent standard normal components, the same for the same seed at any number of workers.
    func gaussian(rowCount: Int, seed: UInt64, workers: Workers) throws -> VectorMatrix {
        let dimension = columns
        let values = try concurrentFill(rowCount: rowCount, width: dimension, rowsPerChunk: 256, workers: workers.count)
        {
            rows,
            values in
            var generator = SeededGenerator(seed: seed << 40 ^ UInt64(rows.lowerBound))
            for i in stride(from: 0, to: values.count, by: 2) {
                // Box and Muller: two normals from two uniforms.
                let radius = (-2 * log(generator.uniform())).squareRoot()
                let angle = 2 * Double.pi * generator.uniform()
                values[i] = Float(radius * cos(angle))
                if i + 1 < values.count { values[i + 1] = Float(radius * sin(angle)) }
            }
        }
        return VectorMatrix(rowCount: rowCount, dimension: dimension, values: values)
    }
}

extension SeededGenerator {
    /// In (0, 1]: its logarithm is finite.
    fileprivate mutating func uniform() -> Double { Double(next() >> 11 &+ 1) * 0x1p-53 }
}
