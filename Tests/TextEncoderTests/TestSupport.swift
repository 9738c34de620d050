// SPDX-License-Identifier: Apache-2.0

import Foundation
import System
import TextEncoder

/// The model that the reference data were made with.
enum InstalledModel {
    /// The folder of the default model in the cache of this machine.
    ///
    /// A missing model throws, and so fails the test that needs it: a skipped test would look like a passed one.
    static func folder() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(environment["HOME"] ?? "")/.cache"
        return try ModelLocation(cacheFolder: cache).folder()
    }

    /// Loaded once for all tests.
    static let encoder = Result { try SentenceEncoder(folder: folder()) }
}

/// Texts with the token ids and vectors that sentence-transformers 6.2 gives them.
struct ReferenceData {
    var texts: [String]
    var tokenIDs: [[Int]]
    var vectors: [[Float]]

    struct Malformed: Error {}

    /// Reads the two fixtures: JSON for texts and ids, a little-endian float32 `.npy` for the vectors.
    static func load() throws -> ReferenceData {
        guard
            let json = Bundle.module.url(
                forResource: "minilm-reference",
                withExtension: "json",
                subdirectory: "Fixtures"
            ),
            let npy = Bundle.module.url(
                forResource: "minilm-reference",
                withExtension: "npy",
                subdirectory: "Fixtures"
            ),
            let document = try JSONSerialization.jsonObject(with: Data(contentsOf: json)) as? [String: Any],
            let texts = document["texts"] as? [String], let ids = document["token_ids"] as? [[Int]]
        else { throw Malformed() }
        let bytes = [UInt8](try Data(contentsOf: npy))
        let dimension = 384
        let start = bytes.count - texts.count * dimension * 4
        let vectors = (0..<texts.count).map { row in
            (0..<dimension).map { column in
                let place = start + (row * dimension + column) * 4
                return Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * $1) })
            }
        }
        return ReferenceData(texts: texts, tokenIDs: ids, vectors: vectors)
    }
}

/// Numbers that are the same in every run: SplitMix64.
struct RepeatableNumbers: RandomNumberGenerator {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> UInt64 { generator.next() }

    /// Uniform numbers in [-bound, bound).
    mutating func floats(_ count: Int, bound: Float) -> [Float] {
        (0..<count).map { _ in Float.random(in: -bound..<bound, using: &self) }
    }
}
