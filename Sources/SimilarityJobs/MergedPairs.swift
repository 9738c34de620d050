// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import VectorFiles

/// The pairs of all groups of a join in the order of a result: each group has its own in that order, and they are merged. Groups of rows
/// follow one another; those of blocks lie through one another.
///
/// Memory: 512 pairs of each group, and a piece.
final class MergedPairs {
    private let groups: [OpenGroup]
    private var cursors: [Cursor] = []
    /// The cursors that have a pair left, the one whose pair comes first at the root: of a binary heap.
    private var heap: [Int] = []
    private var nextPiece = 0

    private static let pieceCount = 1 << 16
    private static let bufferCount = 512

    /// How far a group has been read.
    private struct Cursor {
        var buffer: [ScoredPair] = []
        var index = 0
        var next = 0
    }

    /// - Throws: `VectorFileError` if a group is damaged, ``JobError`` if they are not of one order.
    init(_ files: [(path: String, group: Int)], of manifest: JobManifest) throws {
        groups = try files.map { try OpenGroup($0.path, group: $0.group, of: manifest) }
        if let first = groups.first, let other = groups.firstIndex(where: { $0.order != first.order }) {
            throw JobError(.incomplete, "\(files[other].path) was computed by another corpus; run the job again")
        }
    }

    /// Pairs of all groups.
    var count: Int { groups.reduce(0) { $0 + $1.entryCount } }

    /// How many pairs each piece has.
    var pieces: [Int] {
        stride(from: 0, to: count, by: Self.pieceCount).map { min(Self.pieceCount, count - $0) }
    }

    /// A piece: those after the last one, or the first again.
    func piece(_ index: Int) throws -> [ScoredPair] {
        precondition(index == 0 || index == nextPiece, "pieces are read in order")
        if index == 0 { try begin() }
        nextPiece = index + 1
        var pairs: [ScoredPair] = []
        pairs.reserveCapacity(Self.pieceCount)
        while pairs.count < Self.pieceCount, let first = heap.first {
            pairs.append(cursors[first].buffer[cursors[first].index])
            cursors[first].index += 1
            if try !fill(first) {
                heap[0] = heap[heap.count - 1]
                heap.removeLast()
            }
            sink(0)
        }
        return pairs
    }

    private func begin() throws {
        cursors = groups.map { _ in Cursor() }
        heap = try groups.indices.filter { try fill($0) }
        for place in stride(from: heap.count / 2, through: 0, by: -1) { sink(place) }
    }

    /// Sees to it that a cursor stands at a pair; false if its group has no more.
    private func fill(_ group: Int) throws -> Bool {
        if cursors[group].index < cursors[group].buffer.count { return true }
        let start = cursors[group].next
        let end = min(start + Self.bufferCount, groups[group].entryCount)
        guard start < end else { return false }
        cursors[group] = Cursor(buffer: try groups[group].pairs(start..<end), index: 0, next: end)
        return true
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        let (first, second) = (cursors[a].buffer[cursors[a].index], cursors[b].buffer[cursors[b].index])
        return (first.a, first.b) < (second.a, second.b)
    }

    /// Moves a cursor down the heap to where it belongs.
    private func sink(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(heap[child], heap[least]) {
                least = child
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
