// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity

/// A threshold, read to the nearest `Float`; NaN and infinities are wrong usage.
struct Threshold: ExpressibleByArgument {
    let value: Float

    init?(argument: String) {
        guard let value = Float(argument), value.isFinite else { return nil }
        self.value = value
    }

    /// Refuses a distance below zero while the command line is read, where the metric is given.
    func validate(for metric: Metric?) throws {
        if let problem = problem(for: metric) { throw ValidationError(problem) }
    }

    /// The same for a metric that an input or a report has told.
    func require(for metric: Metric) throws {
        if let problem = problem(for: metric) { throw CommandFailure.usage(problem) }
    }

    private func problem(for metric: Metric?) -> String? {
        metric == .euclidean && value < 0 ? "--threshold is \(value); a distance is not negative" : nil
    }
}
