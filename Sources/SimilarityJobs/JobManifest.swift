// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import System
internal import VectorFiles

/// What a job computes: a search or a join of whole files, as the plain operations do.
///
/// There may be more kinds in a later version.
public struct JobKind: Sendable, Equatable {
    package enum Choice: Sendable, Equatable {
        case search(k: Int, excludingSelf: Bool)
        case join(threshold: Float)
    }

    package let choice: Choice

    /// The `k` nearest rows of each query; `excludingSelf` leaves out the row with the query's own number.
    public static func search(k: Int, excludingSelf: Bool) -> JobKind {
        JobKind(choice: .search(k: k, excludingSelf: excludingSelf))
    }

    /// All pairs that reach a threshold, inclusive: the lowest score, or the largest distance.
    public static func join(threshold: Float) -> JobKind { JobKind(choice: .join(threshold: threshold)) }

    /// The neighbors of each query of a search; nil for a join.
    public var k: Int? { if case .search(let k, _) = choice { k } else { nil } }

    /// Whether a search leaves out the row with the query's own number.
    public var excludesSelf: Bool { if case .search(_, excludingSelf: true) = choice { true } else { false } }

    /// The threshold of a join; nil for a search.
    public var threshold: Float? { if case .join(let threshold) = choice { threshold } else { nil } }

    var name: String {
        switch choice {
        case .search: "search"
        case .join: "join"
        }
    }

    /// What is asked of the corpus, or of the right side of a join.
    ///
    /// - Parameter left: The queries, or the left side; nil for that of a self-join.
    func operation(_ left: VectorMatrix?, _ corpus: VectorMatrix, metric: Metric) -> Operation {
        switch choice {
        case .search(let k, let excludingSelf):
            .nearest(k: k, to: left ?? corpus, metric: metric, excludingSelf: excludingSelf)
        case .join(let threshold):
            left.map { .join(from: $0, threshold: threshold, metric: metric) }
                ?? .selfJoin(of: corpus, threshold: threshold, metric: metric)
        }
    }
}

/// A file that a job reads, as it was when the job was planned.
struct JobInput: Equatable {
    /// Its path from the folder of the job, so that both can be moved together.
    let path: String
    let fingerprint: FileFingerprint
}

extension JobInput: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.nestedObject { file in
            file.field("path", path)
            file.field("bytes", fingerprint.byteCount)
            file.field("modified", "\(fingerprint.modificationTime)")
            file.field("sampledChecksum", fingerprint.sampledChecksum.hexadecimal)
            file.field("checksum", fingerprint.wholeChecksum.hexadecimal)
        }
    }
}

/// What a job is: written once, by `plan`, as `manifest.json`, and never changed.
///
/// Rows of the left side (the queries of a search) are cut into *groups* of ``groupRows``; each gives one file. (Where ``hasBlockGroups``, as
/// many groups have about as much of the work each, and rows that lie anywhere.) Part `i` of `n`
/// computes the groups whose number leaves `i` when it is divided by `n`, so any number of parts gives the same files.
struct JobManifest: Equatable {
    static let version = 1
    /// Rows, parts and rows of a group are at most so many: sums and products of two of them with a group's number stay in range.
    static let countLimit = 1 << 40

    let kind: JobKind
    let metric: Metric
    /// Queries, or the left side of a join.
    let left: JobInput
    let leftRows: Int
    /// The corpus, or the right side; nil for a self-join.
    let right: JobInput?
    let rightRows: Int
    let dimension: Int
    /// Ids beside the inputs, which go into the result.
    let idFiles: [JobInput]
    /// Where the result goes, from the folder of the job.
    let output: String
    let skipsInvalidRows: Bool
    let groupRows: Int
    let partCount: Int
    /// Whether the side that is searched in is prepared once, in the folder, for all parts.
    let preparesCorpus: Bool

    /// Ranges of ``groupRows`` rows; where ``hasBlockGroups``, as many bands of blocks that have about so many rows.
    private var rangeCount: Int { leftRows == 0 ? 0 : (leftRows - 1) / groupRows + 1 }

    /// Where ``hasBlockGroups``, the bands of blocks of the prepared corpus.
    var bandCount: Int { rangeCount }

    var groupCount: Int { isSelfSearch && hasBlockGroups ? rangeCount * (rangeCount + 1) / 2 : rangeCount }

    /// Whether each row of a file is to have its neighbors among the others.
    private var isSelfSearch: Bool {
        kind.excludesSelf && left.path == right?.path
    }

    /// Whether groups are of bands of blocks of a prepared corpus, see `BlockGroups`, and not of ranges of rows: those of a self-join or a
    /// self-search that has one.
    var hasBlockGroups: Bool {
        let isSelfJoin = kind.threshold != nil && right == nil
        return (isSelfJoin || isSelfSearch) && (preparesCorpus || FileFormat(path: left.path) == .simile)
    }

    /// Whether groups hold pairs, and not the neighbors of a range of rows.
    var groupsHavePairs: Bool {
        kind.k == nil || hasBlockGroups
    }

    /// Of a self-search, the two bands of a group: first come those of one band with itself, which the others begin with.
    func bands(ofGroup group: Int) -> (first: Int, second: Int) {
        if group < bandCount { return (group, group) }
        var (first, rest) = (0, group - bandCount)
        while rest >= bandCount - 1 - first {
            rest -= bandCount - 1 - first
            first += 1
        }
        return (first, first + 1 + rest)
    }

    /// The groups that a group begins with what they have found.
    func groupsNeeded(by group: Int) -> [Int] {
        guard isSelfSearch, hasBlockGroups, group >= bandCount else { return [] }
        let bands = bands(ofGroup: group)
        return [bands.first, bands.second]
    }

    /// The engine of the floats for the whole job.
    func plainEngine(_ options: RunOptions) -> Engine {
        .plain(multiplyAdds: Double(leftRows) * Double(rightRows) * Double(dimension), options)
    }

    /// The rows of a group of a range.
    func rows(ofGroup group: Int) -> Range<Int> {
        if hasBlockGroups { return 0..<0 }
        return group * groupRows..<min(group * groupRows + groupRows, leftRows)
    }

    /// The text of the file; the same manifest has the same text.
    var text: [UInt8] {
        JSONWriter.document { manifest in
            manifest.field("version", Self.version)
            manifest.field("kind", kind.name)
            switch kind.choice {
            case .search(let k, let excludingSelf):
                manifest.field("k", k)
                manifest.field("excludeSelf", excludingSelf)
            case .join(let threshold): manifest.field("threshold", threshold)
            }
            manifest.field("metric", metric.rawValue)
            manifest.field("left", left)
            manifest.field("leftRows", leftRows)
            manifest.field("right", right)
            manifest.field("rightRows", rightRows)
            manifest.field("dimension", dimension)
            manifest.field("idFiles", idFiles)
            manifest.field("output", output)
            manifest.field("skipInvalid", skipsInvalidRows)
            manifest.field("groupRows", groupRows)
            manifest.field("parts", partCount)
            manifest.field("prepare", preparesCorpus)
        }
    }

    /// What group files name it by.
    var identity: UInt64 { Checksum64.of(text.span) }

    /// Reads the text of a manifest.
    static func read(_ bytes: [UInt8], path: String) throws(VectorFileError) -> JobManifest {
        let root: JSONValue
        do {
            root = try JSONParser.parse(bytes)
        } catch {
            throw .refused(path, place: "byte \(error.offset)", "expected a manifest of a job, \(error.message)")
        }
        let fields = JobManifestFields(path: path, root: root)
        let version = try fields.integer("version", 0...Int.max)
        guard version == Self.version else {
            throw .refused(path, "expected a manifest of version \(Self.version), found version \(version)")
        }
        let kind: JobKind
        switch try fields.text("kind") {
        case "search":
            kind = .search(k: try fields.integer("k", 1...Int.max), excludingSelf: try fields.flag("excludeSelf"))
        case "join":
            let threshold = Float(try fields.number("threshold"))
            guard threshold.isFinite else { throw .refused(path, place: "threshold", "expected a finite number") }
            kind = .join(threshold: threshold)
        case let other: throw .refused(path, place: "kind", "expected search or join, found \(other)")
        }
        guard let metric = Metric(rawValue: try fields.text("metric")) else {
            throw .refused(path, place: "metric", "expected one of the metrics, found another")
        }
        let manifest = JobManifest(
            kind: kind,
            metric: metric,
            left: try fields.input(root["left"], "left"),
            leftRows: try fields.integer("leftRows", 0...countLimit),
            right: root["right"]?.isNull == true ? nil : try fields.input(root["right"], "right"),
            rightRows: try fields.integer("rightRows", 0...countLimit),
            dimension: try fields.integer("dimension", 1...countLimit),
            idFiles: try fields.inputs("idFiles"),
            output: try fields.text("output"),
            skipsInvalidRows: try fields.flag("skipInvalid"),
            groupRows: try fields.integer("groupRows", 1...countLimit),
            partCount: try fields.integer("parts", 1...countLimit),
            preparesCorpus: try fields.flag("prepare")
        )
        // A file that says the same in other words, or more, is not one that `plan` wrote.
        guard manifest.text == bytes else {
            throw .refused(path, "expected the manifest as it was written, found an edited one; plan the job again")
        }
        return manifest
    }
}

/// The members of a manifest, or an error that names the one that is missing.
private struct JobManifestFields {
    let path: String
    let root: JSONValue

    private func missing(_ name: String, _ expected: String) -> VectorFileError {
        .refused(path, place: name, "expected \(expected), found \(root[name]?.summary ?? "nothing")")
    }

    func text(_ name: String) throws(VectorFileError) -> String {
        guard let text = root[name]?.text else { throw missing(name, "a text") }
        return text
    }

    func flag(_ name: String) throws(VectorFileError) -> Bool {
        guard let flag = root[name]?.flag else { throw missing(name, "true or false") }
        return flag
    }

    func number(_ name: String) throws(VectorFileError) -> Double {
        guard let number = root[name]?.double else { throw missing(name, "a number") }
        return number
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(VectorFileError) -> Int {
        guard let integer = root[name]?.integer, range.contains(integer) else {
            throw missing(name, "an integer of \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    func input(_ value: JSONValue?, _ name: String) throws(VectorFileError) -> JobInput {
        func checksum(_ key: String) -> UInt64? { value?[key]?.text.flatMap { UInt64($0, radix: 16) } }
        guard let file = value?["path"]?.text, let bytes = value?["bytes"]?.integer,
            let modified = value?["modified"]?.text.flatMap({ Int64($0) }), let sampled = checksum("sampledChecksum"),
            let whole = checksum("checksum")
        else {
            throw .refused(path, place: name, "expected path, bytes, modified and checksums of a file")
        }
        let fingerprint = FileFingerprint(
            byteCount: bytes,
            modificationTime: modified,
            sampledChecksum: sampled,
            wholeChecksum: whole
        )
        return JobInput(path: file, fingerprint: fingerprint)
    }

    func inputs(_ name: String) throws(VectorFileError) -> [JobInput] {
        guard let elements = root[name]?.elements else { throw missing(name, "a list of files") }
        var inputs: [JobInput] = []
        for element in elements { inputs.append(try input(element, name)) }
        return inputs
    }
}
