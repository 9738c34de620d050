// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import StrictJSON
internal import Synchronization
internal import System

/// How progress is shown on standard error.
enum ProgressStyle: String, CaseIterable, ExpressibleByArgument {
    /// A bar if standard error is a terminal, else nothing.
    case auto
    case bar, plain, json, none
}

/// Shows how far an operation is, how fast, and how long it will take. Fed from any thread.
final class Progress: Sendable {
    private struct State {
        var shown = -1.0
        var detail = ""
        var lastShown: ContinuousClock.Instant?
        var isDrawn = false
    }

    private let title: String
    private let unit: String
    private let total: Double
    private let style: ProgressStyle
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameters:
    ///   - title: What is being done.
    ///   - total: How many units the whole is, for the rate.
    init(_ title: String, total: Double, unit: String, style: ProgressStyle, isQuiet: Bool) {
        self.title = title
        self.total = total
        self.unit = unit
        let isTerminal = StandardStream.error.isTerminal
        self.style = isQuiet ? .none : style == .auto ? (isTerminal ? .bar : .none) : style
    }

    /// Tells how far an operation of the library is.
    func update(_ progress: RunProgress) {
        let share = progress.fraction ?? (total > 0 ? Double(progress.completed) / total : 0)
        update(share, detail: progress.detail)
    }

    /// Tells that this share of the work is done, 0 to 1.
    ///
    /// - Parameter detail: What else there is to say, put at the end. A change of it alone is shown as well.
    func update(_ share: Double, detail: String = "") {
        if style == .none { return }
        // What was counted before may have been too little.
        let share = min(max(share, 0), 1)
        let now = ContinuousClock.now
        // A bar ten times a second, a line for a program every second, a line of a log every ten seconds.
        let pause: Duration = style == .bar ? .milliseconds(100) : style == .json ? .seconds(1) : .seconds(10)
        state.withLock { state in
            guard share > state.shown || share == state.shown && detail != state.detail else { return }
            // The first moments are not shown: most operations end in them.
            guard now - (state.lastShown ?? start) >= (state.lastShown == nil ? .milliseconds(400) : pause) else {
                return
            }
            state.shown = share
            state.detail = detail
            state.lastShown = now
            state.isDrawn = true
            let more = detail.isEmpty ? "" : "; \(detail)"
            switch style {
            case .bar: StandardStream.error.print("\r" + bar(share, now) + more + "\u{1B}[K")
            case .json: StandardStream.error.print(object(share, now, detail) + "\n")
            default: StandardStream.error.print(line(share, now) + more + "\n")
            }
        }
    }

    /// Clears the bar.
    func finish() {
        state.withLock { state in
            if style == .bar, state.isDrawn { StandardStream.error.print("\r\u{1B}[K") }
            state.isDrawn = false
        }
    }

    private func bar(_ share: Double, _ now: ContinuousClock.Instant) -> String {
        let width = 24
        let filled = Int((share * Double(width)).rounded(.down))
        let blocks = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return "\(title) \(blocks) \(summary(share, now))"
    }

    private func line(_ share: Double, _ now: ContinuousClock.Instant) -> String {
        "simile: \(title): \(summary(share, now))"
    }

    /// `{"progress":"searching","share":0.25,"perSecond":1000.0,"unit":"pairs","secondsLeft":3.0}`, and `"detail"` if there is more.
    private func object(_ share: Double, _ now: ContinuousClock.Instant, _ detail: String) -> String {
        let (rate, left) = pace(share, now)
        return JSONWriter.objectText { line in
            line.field("progress", title)
            line.field("share", share)
            line.field("perSecond", rate)
            line.field("unit", unit)
            line.field("secondsLeft", left)
            line.field("detail", ifAny: detail.isEmpty ? nil : detail)
        }
    }

    private func summary(_ share: Double, _ now: ContinuousClock.Instant) -> String {
        let (rate, left) = pace(share, now)
        return "\(Int(share * 100)) %, \(Quantity.short(rate)) \(unit)/s, \(Quantity.seconds(left)) left"
    }

    /// Units a second so far, and the seconds that are left at that rate.
    private func pace(_ share: Double, _ now: ContinuousClock.Instant) -> (rate: Double, left: Double) {
        let seconds = (now - start) / .seconds(1)
        return (seconds > 0 ? share * total / seconds : 0, share > 0 ? seconds / share * (1 - share) : 0)
    }
}
