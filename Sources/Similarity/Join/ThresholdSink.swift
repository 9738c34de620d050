// SPDX-License-Identifier: Apache-2.0

/// Keeps every pair that reaches a fixed threshold. Its cut never moves.
struct ThresholdSink: TileSink {
    /// A kept pair; `query` counts from the start of the block.
    struct Entry: Sendable {
        let query: Int
        let row: Int
        let score: Float
    }

    /// The worst score of a pair, inclusive.
    let threshold: Float
    private(set) var entries: [Entry] = []

    init(threshold: Float) { self.threshold = threshold }

    static var cutsMove: Bool { false }

    func cut(for query: Int) -> Float { threshold }

    mutating func offer(query: Int, row: Int, score: Float) {
        if score >= threshold { entries.append(Entry(query: query, row: row, score: score)) }
    }

    mutating func merge(_ other: ThresholdSink) { entries += other.entries }

    var keptPairs: Int { entries.count }
}
