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
