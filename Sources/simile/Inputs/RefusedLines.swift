// SPDX-License-Identifier: Apache-2.0

/// Texts of a file that the model refuses, for one message about all of them.
struct RefusedLines {
    private var lines: [Int] = []
    private var count = 0
    private var reason = ""

    mutating func add(_ line: Int, _ reason: String) {
        if count == 0 { self.reason = reason }
        count += 1
        if lines.count < 10 { lines.append(line) }
    }

    /// Ends the command, or says that the texts are left out.
    func settle(_ path: String, _ running: RunningOptions) throws {
        guard let first = lines.first else { return }
        let shown = lines.map(String.init).joined(separator: ", ") + (count > lines.count ? ", ..." : "")
        let message =
            "\(path), line \(first): the model refuses \(count == 1 ? "1 text" : "\(count) texts") (lines \(shown)): \(reason)"
        guard running.skipInvalid else {
            throw CommandFailure.refused("\(message); --skip-invalid leaves them out")
        }
        running.tell("\(message); left out")
    }
}

/// Texts of a file that the model does not read to their ends, for one message about all of them.
struct LongLines {
    private var lines: [Int] = []
    private var count = 0
    /// Tokens of a text that the model reads, where it is known.
    var tokenLimit: Int?

    mutating func add(_ line: Int) {
        count += 1
        if lines.count < 10 { lines.append(line) }
    }

    /// Says that the texts are cut or left out, or ends the command.
    func settle(_ path: String, _ onLong: LongTexts, _ running: RunningOptions) throws {
        guard let first = lines.first else { return }
        let limit = tokenLimit.map { "\($0) tokens" } ?? "part"
        let shown = lines.map(String.init).joined(separator: ", ") + (count > lines.count ? ", ..." : "")
        let message =
            "\(path), line \(first): \(count == 1 ? "1 text is" : "\(count) texts are") longer than the \(limit) that the model "
            + "reads (lines \(shown))"
        if onLong != .refuse {
            running.tell("\(message); what is beyond has no influence (--on-long refuse)")
        } else if running.skipInvalid {
            running.tell("\(message); left out")
        } else {
            throw CommandFailure.refused("\(message); --on-long truncate cuts them, --skip-invalid leaves them out")
        }
    }
}
