// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// The result of one group of rows, as a file: a head of 64 bytes, the entries, and the checksum of both. Little-endian.
///
/// | bytes | content |
/// |---|---|
/// | 0 to 7 | `SIMILEJG` |
/// | 8 to 15 | version 1 |
/// | 16 to 23 | identity of the manifest |
/// | 24 to 31 | number of the group |
/// | 32 to 39 | rows of the group |
/// | 40 to 47 | entries |
/// | 48 to 63 | zeros |
///
/// Of a search: how many neighbors each row has (`UInt64`), then the rows (`UInt64`) and the scores (`Float`, as bits) of all of
/// them. Of a join: the left rows, the right rows, the scores.
enum GroupFile {
    static let headBytes = 64
    private static let magic = UInt64(littleEndian: 0x474A_454C_494D_4953)

    static func write(
        _ result: GroupResult,
        group: Int,
        of manifest: JobManifest,
        to path: String,
        registry: TemporaryFiles?
    ) throws {
        let file = try ChecksummedFile(path, registeredIn: registry)
        let (first, second, scores) = result.columns
        let head = [
            magic, 1, manifest.identity, UInt64(group), UInt64(manifest.rows(ofGroup: group).count),
            UInt64(scores.count),
            0, 0,
        ]
        try file.write(bytes(of: head).span)
        try file.write(bytes(of: first).span)
        try file.write(bytes(of: second).span)
        try file.write(bytes(of: scores.map(\.bitPattern)).span)
        try file.commit()
    }

    /// Whether a file has the head of this group and the size that it says; its checksum is not looked at.
    static func seemsWhole(_ path: String, group: Int, of manifest: JobManifest) -> Bool {
        guard let bytes = try? VectorFile.mapped(path) else { return false }
        return bytes.withBytes { span in (try? entryCount(path, span, group: group, of: manifest)) != nil }
    }

    /// Entries of a group by its head, held to the size of the file; throws if it is not this group.
    private static func entryCount(
        _ path: String,
        _ span: Span<UInt8>,
        group: Int,
        of manifest: JobManifest
    ) throws(VectorFileError) -> Int {
        guard span.count >= headBytes + 8 else {
            throw refused(path, "expected a group of a job, found \(span.count) bytes")
        }
        let head = (0..<8).map { span.integer(UInt64.self, at: 8 * $0) }
        guard head[0] == magic, head[1] == 1 else {
            throw refused(path, "expected a group of a job of version 1")
        }
        let rowCount = manifest.rows(ofGroup: group).count
        guard head[2] == manifest.identity, head[3] == UInt64(group), head[4] == UInt64(rowCount) else {
            throw refused(path, "expected group \(group) of this job, found one of another")
        }
        // The entries are as many as there are bytes for: no product can overflow.
        let end = span.count - 8
        let isSearch = if case .search = manifest.kind { true } else { false }
        let fixed = headBytes + (isSearch ? 8 * rowCount : 0)
        let entryBytes = isSearch ? 12 : 20
        guard end >= fixed, (end - fixed) % entryBytes == 0, UInt64((end - fixed) / entryBytes) == head[5] else {
            throw refused(path, "expected \(head[5]) entries, found \(end) bytes")
        }
        return (end - fixed) / entryBytes
    }

    private static func refused(_ path: String, _ message: String) -> VectorFileError {
        .refused(path, "\(message); run the job again, which makes this group anew")
    }

    /// Reads a group, or throws if the file is damaged or of another job.
    static func read(_ path: String, group: Int, of manifest: JobManifest) throws(VectorFileError) -> GroupResult {
        let bytes = try VectorFile.mapped(path)
        return try bytes.withBytes { span throws(VectorFileError) in
            let count = try entryCount(path, span, group: group, of: manifest)
            let end = span.count - 8
            let expected = span.integer(UInt64.self, at: end)
            let found = Checksum64.of(span.extracting(0..<end))
            guard expected == found else {
                throw refused(
                    path,
                    "expected the checksum \(expected.hexadecimal), found \(found.hexadecimal): it is damaged"
                )
            }
            let isSearch = if case .search = manifest.kind { true } else { false }
            let firstCount = isSearch ? manifest.rows(ofGroup: group).count : count
            func integers(_ count: Int, at start: Int) -> [Int] {
                (0..<count).map { Int(truncatingIfNeeded: span.integer(UInt64.self, at: start + 8 * $0)) }
            }
            let first = integers(firstCount, at: headBytes)
            let second = integers(count, at: headBytes + 8 * firstCount)
            let scoresAt = headBytes + 8 * (firstCount + count)
            let scores = (0..<count).map { Float(bitPattern: span.integer(UInt32.self, at: scoresAt + 4 * $0)) }
            guard let result = GroupResult(manifest, group: group, first: first, second: second, scores: scores) else {
                throw refused(path, "expected rows of the inputs, found others")
            }
            return result
        }
    }

    private static func bytes<T: FixedWidthInteger & BitwiseCopyable>(of values: [T]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * MemoryLayout<T>.size)
        for value in values { bytes.append(littleEndian: value) }
        return bytes
    }
}

/// What was found for the rows of one group.
enum GroupResult {
    case neighbors(NearestNeighbors)
    case pairs([ScoredPair])

    /// Two columns of numbers and the scores, as they are stored.
    var columns: (first: [UInt64], second: [UInt64], scores: [Float]) {
        switch self {
        case .neighbors(let found):
            let counts = (0..<found.queryCount).map { UInt64(found.offsets[$0 + 1] - found.offsets[$0]) }
            return (counts, found.rows.map(UInt64.init), found.scores)
        case .pairs(let pairs):
            return (pairs.map { UInt64($0.a) }, pairs.map { UInt64($0.b) }, pairs.map(\.score))
        }
    }

    /// Nil if the numbers are not those of rows of the inputs.
    init?(_ manifest: JobManifest, group: Int, first: [Int], second: [Int], scores: [Float]) {
        guard second.allSatisfy({ (0..<manifest.rightRows).contains($0) }) else { return nil }
        switch manifest.kind {
        case .search(let k, _):
            var offsets = [0]
            for count in first {
                guard (0...min(k, manifest.rightRows)).contains(count) else { return nil }
                offsets.append(offsets[offsets.count - 1] + count)
            }
            guard offsets.last == second.count else { return nil }
            let found = NearestNeighbors(
                metric: manifest.metric,
                k: min(k, manifest.rightRows),
                offsets: offsets,
                rows: second,
                scores: scores
            )
            self = .neighbors(found)
        case .join:
            let rows = manifest.rows(ofGroup: group)
            guard first.allSatisfy({ rows.contains($0) }) else { return nil }
            self = .pairs(first.indices.map { ScoredPair(a: first[$0], b: second[$0], score: scores[$0]) })
        }
    }

    var entryCount: Int {
        switch self {
        case .neighbors(let found): found.rows.count
        case .pairs(let pairs): pairs.count
        }
    }
}
