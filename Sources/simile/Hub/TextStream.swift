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

    init(_ path: String, fields: TextFile.Fields) throws {
        state = Mutex(State(reader: try TextFileReader(path, fields: fields)))
    }

    func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    struct Iterator: AsyncIteratorProtocol {
        let stream: TextStream

        func next() throws -> String? { try stream.read() }
    }

    private func read() throws -> String? {
        try state.withLock { state in
            while let row = try state.reader.next() {
                defer { state.row += 1 }
                if row.text.isBlank { continue }
                state.origins[state.count] = Origin(row: state.row, line: row.line, id: row.id)
                state.count += 1
                return row.text
            }
            return nil
        }
    }

    /// Where a text came from; asked for once.
    func takeOrigin(_ text: Int) -> Origin? { state.withLock { $0.origins.removeValue(forKey: text) } }
}
#endif
