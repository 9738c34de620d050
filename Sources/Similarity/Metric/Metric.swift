// SPDX-License-Identifier: Apache-2.0

/// How two vectors are compared. Inside the library a higher score is always better.
public enum Metric: String, CaseIterable, Sendable {
    /// `dot(q, x) / (|q| |x|)`, clamped to [-1, 1]. A zero vector has no cosine: it is nobody's neighbor.
    case cosine
    /// `dot(q, x)`.
    case dot
    /// The Euclidean distance `|q - x|`. Its *score* is minus the distance, and ``reported(_:)`` makes the one of the other.
    case euclidean

    /// What a person calls this score: the distance for ``euclidean``, else the score itself.
    @inlinable
    public func reported(_ score: Float) -> Float { self == .euclidean ? 0 - score : score }

    /// The score of a reported value; the inverse of ``reported(_:)``.
    @inlinable
    public func score(reported value: Float) -> Float { self == .euclidean ? 0 - value : value }
}
