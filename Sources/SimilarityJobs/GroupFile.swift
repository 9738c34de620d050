// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// The result of one group of rows, as a file: a head of 64 bytes, the entries, and the checksum of both. Little-endian.
///
/// | bytes | content |
/// |---|---|
/// | 0 to 7 | `SIMILEJG` |
/// | 8 to 15 | version 2 |
/// | 16 to 23 | identity of the manifest |
/// | 24 to 31 | number of the group |
/// | 32 to 39 | rows of the group; 0 where it is of blocks |
/// | 40 to 47 | entries |
/// | 48 to 55 | of what its pairs depend on besides: `BlockGroups.order`; 0 for a group of rows |
/// | 56 to 63 | zeros |
///
/// Of a search by ranges of rows: how many neighbors each row has (`UInt64`), then the rows (`UInt64`) and the scores (`Float`, as bits) of all of
/// them. Else: the left rows, the right rows, the scores; of a self-search a row is on the left, and its neighbor on the right.
enum GroupFile {
    static let headBytes = 64
    /// 2 holds distances; 1 held them with a minus.
    private static let version: UInt64 = 2
    private static let magic = UInt64(littleEndian: 0x474A_454C_494D_4953)

    static func write(
        _ result: GroupResult,
        group: Int,
        of manifest: JobManifest,
        order: UInt64,
        to path: String,
        registry: TemporaryFiles?
    ) throws {
        let file = try ChecksummedFile(path, registeredIn: registry)
        let (first, second, scores) = result.columns
        let head = [
            magic, version, manifest.identity, UInt64(group), UInt64(manifest.rows(ofGroup: group).count),
            UInt64(scores.count), order, 0,
        ]
        try file.write(bytes(of: head).span)
        try file.write(bytes(of: first).span)
        try file.write(bytes(of: second).span)
        try file.write(bytes(of: scores.map(\.bitPattern)).span)
        try file.commit()
    }

    /// The order of a file that has the head of this group and the size that it says; its checksum is not looked at. Nil of any other file.
    static func order(_ path: String, group: Int, of manifest: JobManifest) -> UInt64? {
        guard let bytes = try? VectorFile.mapped(path) else { return nil }
        return bytes.withBytes { span in
            (try? entryCount(path, span, group: group, of: manifest)) == nil ? nil : span.integer(at: 48)
        }
    }

    /// Entries of a group by its head, held to the size of the file; throws if it is not this group.
    fileprivate static func entryCount(
        _ path: String,
        _ span: Span<UInt8>,
        group: Int,
        of manifest: JobManifest
    ) throws(VectorFileError) -> Int {
        guard span.count >= headBytes + 8 else {
            throw refused(path, "expected a group of a job, found \(span.count) bytes")
        }
        let head = (0..<8).map { span.integer(UInt64.self, at: 8 * $0) }
        guard head[0] == magic, head[1] == version else {
            throw refused(path, "expected a group of a job of version \(version)")
        }
        let rowCount = manifest.rows(ofGroup: group).count
        guard head[2] == manifest.identity, head[3] == UInt64(group), head[4] == UInt64(rowCount) else {
            throw refused(path, "expected group \(group) of this job, found one of another")
        }
        // The entries are as many as there are bytes for: no product can overflow.
        let end = span.count - 8
        let fixed = headBytes + (manifest.groupsHavePairs ? 0 : 8 * rowCount)
        let entryBytes = manifest.groupsHavePairs ? 20 : 12
        guard end >= fixed, (end - fixed) % entryBytes == 0, UInt64((end - fixed) / entryBytes) == head[5] else {
            throw refused(path, "expected \(head[5]) entries, found \(end) bytes")
        }
        return (end - fixed) / entryBytes
    }

    fileprivate static func refused(_ path: String, _ message: String) -> VectorFileError {
        .refused(path, "\(message); run the job again, which makes this group anew")
    }

    /// Reads a group, or throws if the file is damaged or of another job.
    static func read(_ path: String, group: Int, of manifest: JobManifest) throws(VectorFileError) -> GroupResult {
        let file = try OpenGroup(path, group: group, of: manifest)
        return manifest.groupsHavePairs
            ? .pairs(try file.pairs(0..<file.entryCount)) : .neighbors(try file.neighbors())
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
            let counts = found.indices.map { UInt64(found.offsets[$0 + 1] - found.offsets[$0]) }
            return (counts, found.rows.map(UInt64.init), found.scores)
        case .pairs(let pairs):
            return (pairs.map { UInt64($0.a) }, pairs.map { UInt64($0.b) }, pairs.map(\.score))
        }
    }

    var entryCount: Int {
        switch self {
        case .neighbors(let found): found.rows.count
        case .pairs(let pairs): pairs.count
        }
    }
}

/// The file of a group, held to its checksum: what is in it can be read piece by piece.
struct OpenGroup {
    let entryCount: Int
    /// See `BlockGroups.order`.
    let order: UInt64
    private let path: String
    private let manifest: JobManifest
    private let rows: Range<Int>
    private let bytes: SharedBytes

    /// - Complexity: reads the file once.
    init(_ path: String, group: Int, of manifest: JobManifest) throws(VectorFileError) {
        self.path = path
        self.manifest = manifest
        rows = manifest.rows(ofGroup: group)
        bytes = try VectorFile.mapped(path)
        (entryCount, order) = try bytes.withBytes { span throws(VectorFileError) in
            let count = try GroupFile.entryCount(path, span, group: group, of: manifest)
            let end = span.count - 8
            let expected = span.integer(UInt64.self, at: end)
            let found = Checksum64.of(span.extracting(0..<end))
            guard expected == found else {
                throw GroupFile.refused(
                    path,
                    "expected the checksum \(expected.hexadecimal), found \(found.hexadecimal): it is damaged"
                )
            }
            return (count, span.integer(at: 48))
        }
    }

    /// Some of the pairs, if it holds some.
    func pairs(_ wanted: Range<Int>) throws(VectorFileError) -> [ScoredPair] {
        let firsts = manifest.hasBlockGroups ? 0..<manifest.leftRows : rows
        let pairs = bytes.withBytes { span in
            wanted.map { i in
                ScoredPair(
                    a: Self.integer(span, i),
                    b: Self.integer(span, entryCount + i),
                    score: Self.score(span, 2 * entryCount, i)
                )
            }
        }
        guard pairs.allSatisfy({ firsts.contains($0.a) && (0..<manifest.rightRows).contains($0.b) }) else {
            throw otherRows
        }
        return pairs
    }

    /// The neighbors of its rows, if it does not.
    func neighbors() throws(VectorFileError) -> NearestNeighbors {
        guard case .search(let k, _) = manifest.kind.choice else { preconditionFailure("a group of pairs") }
        let kept = min(k, manifest.rightRows)
        return try bytes.withBytes { span throws(VectorFileError) in
            var offsets = [0]
            for i in rows.indices {
                let count = Self.integer(span, i - rows.lowerBound)
                guard (0...kept).contains(count) else { throw otherRows }
                offsets.append(offsets[offsets.count - 1] + count)
            }
            let found = (0..<entryCount).map { Self.integer(span, rows.count + $0) }
            guard offsets.last == entryCount, found.allSatisfy({ (0..<manifest.rightRows).contains($0) }) else {
                throw otherRows
            }
            return NearestNeighbors(
                metric: manifest.metric,
                k: kept,
                offsets: offsets,
                rows: found,
                scores: (0..<entryCount).map { Self.score(span, rows.count + entryCount, $0) }
            )
        }
    }

    private var otherRows: VectorFileError {
        GroupFile.refused(path, "expected rows of the inputs, found others")
    }

    private static func integer(_ span: Span<UInt8>, _ index: Int) -> Int {
        Int(truncatingIfNeeded: span.integer(UInt64.self, at: GroupFile.headBytes + 8 * index))
    }

    /// - Parameter integers: How many stand before the scores.
    private static func score(_ span: Span<UInt8>, _ integers: Int, _ index: Int) -> Float {
        Float(bitPattern: span.integer(UInt32.self, at: GroupFile.headBytes + 8 * integers + 4 * index))
    }
}
