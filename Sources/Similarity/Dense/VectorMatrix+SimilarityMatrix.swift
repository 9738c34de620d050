// SPDX-License-Identifier: Apache-2.0

extension VectorMatrix {
    /// The similarity of every row with every row: symmetric, computed on one triangle and mirrored.
    ///
    /// Values are what a person calls them: cosines, dot products, or distances for ``Metric/euclidean``. A cosine
    /// diagonal is 1 and a distance diagonal 0; a zero row has the cosine 0 with everything, itself included.
    ///
    /// This is a product of matrices, not a verdict: it is as exact as single precision, and the same bytes for the same
    /// input on one machine with one BLAS (at one thread, see ``SimilarityRuntime``) at any number of workers. Use ``nearest(to:k:metric:options:)``
    /// or ``selfJoin(threshold:metric:limit:options:)`` for large sets and for results that are the same everywhere.
    ///
    /// - Accuracy: a dot product is within `g |q||x|` of the real one, `g = d u / (1 - d u)`, `u = 2^-24`, plus
    ///   `d * 2^-149` where products underflow; a cosine within
    ///   `g` and half its last place; a distance within a factor `1 + 32 g`, because close pairs are computed from their differences, and half a
    ///   step of its own (`2^-150` where it is subnormal).
    /// - Complexity: `n * (n + 1) / 2 * d` multiply-adds; the result takes `4 * n * n` bytes.
    /// - Throws: ``SimilarityError`` if rows are invalid or the result is too large, `CancellationError` if cancelled.
    public func similarityMatrix(
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> ScoreMatrix {
        let half = try DenseWalk(metric: metric, rows: storage, columns: storage, isSymmetric: true, options: options)
        return try half.run()
    }

    /// The similarity of every row of this matrix with every row of another.
    ///
    /// - Complexity: `m * n * d` multiply-adds; the result takes `4 * m * n` bytes. Accuracy and values are those of
    ///   ``similarityMatrix(metric:options:)``.
    /// - Throws: ``SimilarityError`` if the dimensions differ, rows are invalid or the result is too large,
    ///   `CancellationError` if cancelled.
    public func similarityMatrix(
        with other: VectorMatrix,
        metric: Metric = .cosine,
        options: RunOptions = RunOptions()
    ) throws -> ScoreMatrix {
        let walk = try DenseWalk(
            metric: metric,
            rows: storage,
            columns: other.storage,
            isSymmetric: false,
            options: options
        )
        return try walk.run()
    }
}
