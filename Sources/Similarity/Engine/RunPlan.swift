// SPDX-License-Identifier: Apache-2.0

/// What an operation is going to do, and why: told before the work begins.
public struct RunPlan: Sendable, Hashable, CustomStringConvertible {
    /// The engine that does the work.
    public let engine: Engine
    /// Components of rotated vectors that the first stage of ``Engine/bounded`` looks at; nil of other engines.
    public let prefix: Int?
    /// Parts of the corpus that are searched one after the other, because codes of all would not fit the memory; else 1.
    public let sliceCount: Int
    /// About how long it takes with one worker, as far as that has been estimated.
    public let estimatedSeconds: Double?
    /// What was seen and chosen, for a person.
    public let lines: [String]

    init(
        engine: Engine,
        prefix: Int? = nil,
        sliceCount: Int = 1,
        estimatedSeconds: Double? = nil,
        lines: [String]
    ) {
        self.engine = engine
        self.prefix = prefix
        self.sliceCount = sliceCount
        self.estimatedSeconds = estimatedSeconds
        self.lines = lines
    }

    /// The lines, one below the other.
    public var description: String { lines.joined(separator: "\n") }

    /// The same after some lines.
    func preceded(by lines: [String]) -> RunPlan {
        RunPlan(
            engine: engine,
            prefix: prefix,
            sliceCount: sliceCount,
            estimatedSeconds: estimatedSeconds,
            lines: lines + self.lines
        )
    }

    /// The same for one of some slices.
    func ofSlices(_ count: Int) -> RunPlan {
        RunPlan(
            engine: engine,
            prefix: prefix,
            sliceCount: count,
            estimatedSeconds: estimatedSeconds.map { $0 * Double(count) },
            lines: ["the corpus is searched in \(count) slices, because its codes do not fit the memory"] + lines
        )
    }
}
