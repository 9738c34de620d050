// SPDX-License-Identifier: Apache-2.0

/// How two vectors are compared. ``isBetter(_:than:)`` tells which of two scores is the better one.
public enum Metric: String, CaseIterable, Sendable {
    /// `dot(q, x) / (|q| |x|)`, clamped to [-1, 1]. A zero vector has no cosine: it is nobody's neighbor.
    case cosine
    /// `dot(q, x)`.
    case dot
    /// The Euclidean distance `|q - x|`: the smaller, the better.
    case euclidean

    /// The score that a result has, of the canonical one that walks and sinks hold, where higher is always better: minus the distance for
    /// ``euclidean``, else the score itself.
    package func reported(_ score: Float) -> Float { self == .euclidean ? 0 - score : score }

    /// The canonical score of one that a result has; the inverse of ``reported(_:)``.
    package func score(reported value: Float) -> Float { self == .euclidean ? 0 - value : value }
}
