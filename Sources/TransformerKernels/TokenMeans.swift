// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels

/// The matrix that takes vectors of tokens to those of texts, which are the means of their tokens' ones: a row a text, a column a token.
package struct TokenMeans: Sendable {
    package let textCount: Int
    package let tokenCount: Int
    /// Tokens text after text; text `i` has `ids[starts[i]..<starts[i + 1]]`.
    private let ids: [Int32]
    private let starts: [Int]
    /// The same by tokens: the texts that have one, once for each time.
    private let texts: [Int32]
    private let tokenStarts: [Int]
    /// One over the tokens of each text; 0 for one without.
    private let weights: [Float]

    /// - Precondition: every id is below `tokenCount`.
    /// - Complexity: O(tokens of all texts).
    package init(_ sequences: [[Int32]], tokenCount: Int) {
        textCount = sequences.count
        self.tokenCount = tokenCount
        ids = Array(sequences.joined())
        precondition(ids.allSatisfy { (0..<tokenCount).contains(Int($0)) })
        var ends = [0]
        for sequence in sequences { ends.append(ends[ends.count - 1] + sequence.count) }
        starts = ends
        weights = sequences.map { $0.isEmpty ? 0 : 1 / Float($0.count) }
        var counts = [Int](repeating: 0, count: tokenCount + 1)
        for id in ids { counts[Int(id) + 1] += 1 }
        for token in 0..<tokenCount { counts[token + 1] += counts[token] }
        tokenStarts = counts
        var places = [Int32](repeating: 0, count: ids.count)
        for (text, sequence) in sequences.enumerated() {
            for id in sequence {
                places[counts[Int(id)]] = Int32(text)
                counts[Int(id)] += 1
            }
        }
        texts = places
    }

    /// How often each token occurs.
    package var counts: [Int] { (0..<tokenCount).map { tokenStarts[$0 + 1] - tokenStarts[$0] } }

    /// The vectors of the texts, from those of the tokens.
    ///
    /// - Complexity: tokens of all texts * width additions, on several threads. The same bits for any number of them.
    package func texts(
        from tokens: [Float],
        width: Int,
        workers: Int,
        check: @Sendable () throws -> Void
    ) throws -> [Float] {
        precondition(tokens.count == tokenCount * width)
        return try concurrentFill(rowCount: textCount, width: width, rowsPerChunk: 256, workers: workers) {
            rows,
            target in
            try check()
            for text in rows {
                let first = (text - rows.lowerBound) * width
                for place in starts[text]..<starts[text + 1] {
                    Self.add(tokens, Int(ids[place]) * width, weights[text], to: &target, first, width)
                }
            }
        }
    }

    /// The transposed matrix times rows of texts: of each token the sum over its texts.
    package func tokens(
        from rows: [Float],
        width: Int,
        workers: Int,
        check: @Sendable () throws -> Void
    ) throws -> [Float] {
        precondition(rows.count == textCount * width)
        return try concurrentFill(rowCount: tokenCount, width: width, rowsPerChunk: 64, workers: workers) {
            chunk,
            target in
            try check()
            for token in chunk {
                let first = (token - chunk.lowerBound) * width
                for place in tokenStarts[token]..<tokenStarts[token + 1] {
                    let text = Int(texts[place])
                    Self.add(rows, text * width, weights[text], to: &target, first, width)
                }
            }
        }
    }

    /// target[first...] += factor * source[start...], `width` of them.
    private static func add(
        _ source: [Float],
        _ start: Int,
        _ factor: Float,
        to target: inout MutableSpan<Float>,
        _ first: Int,
        _ width: Int
    ) {
        precondition(start >= 0 && start + width <= source.count && first >= 0 && first + width <= target.count)
        unsafe source.withUnsafeBufferPointer { source in
            unsafe target.withUnsafeMutableBufferPointer { target in
                guard let input = source.baseAddress, let output = target.baseAddress else { return }
                for i in 0..<width { unsafe output[first &+ i] += input[start &+ i] * factor }
            }
        }
    }
}
