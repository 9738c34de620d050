// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Similarity
internal import Synchronization
internal import VectorFiles

/// The texts of a file that are not blank, read when they are asked for, with a note of where each came from until its vector
/// is there.
final class TextStream: AsyncSequence, Sendable {
    typealias Element = String

    /// Where a text came from.
    struct Origin {
        let row: Int
        let line: Int
        let id: RowID?
    }

    private struct State: ~Copyable {
        var reader: TextFileReader
        /// Rows read, blank ones included.
        var row = 0
        /// Texts given out.
        var count = 0
        var origins: [Int: Origin] = [:]
    }

    private let state: Mutex<State>
    private let path: String
    private let expectedCount: Int
    private let prompt: String

    /// - Parameters:
    ///   - prompt: What is put before every text.
    ///   - expectedCount: Texts that are not blank, as they were counted before anything was paid for.
    init(_ path: String, fields: TextFile.Fields, prompt: String, expectedCount: Int) throws {
        self.prompt = prompt
        self.path = path
        self.expectedCount = expectedCount
        state = Mutex(State(reader: try TextFileReader(path, fields: fields)))
    }

    func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    struct Iterator: AsyncIteratorProtocol {
        let stream: TextStream

        func next() throws -> String? { try stream.read() }
    }

    /// - Throws: ``CommandFailure`` if there are other texts now than were counted.
    private func read() throws -> String? {
        try state.withLock { state in
            while let row = try state.reader.next() {
                defer { state.row += 1 }
                if row.text.isBlank { continue }
                if state.count == expectedCount { throw changed() }
                state.origins[state.count] = Origin(row: state.row, line: row.line, id: row.id)
                state.count += 1
                return prompt + row.text
            }
            if state.count < expectedCount { throw changed() }
            return nil
        }
    }

    private func changed() -> CommandFailure {
        .refused(
            "\(path) has changed while it was read: expected \(expectedCount) texts, as there were at first. "
                + "What has been paid for is in the cache"
        )
    }

    /// Where a text came from; asked for once.
    func takeOrigin(_ text: Int) -> Origin? { state.withLock { $0.origins.removeValue(forKey: text) } }
}
#endif
