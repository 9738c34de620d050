// SPDX-License-Identifier: Apache-2.0

public import Similarity
internal import System
internal import VectorFiles

/// What is asked of a job.
public struct JobRequest: Sendable {
    /// What is computed.
    public var kind: JobKind
    /// Queries of a search, or the left side of a join: a vector file or a prepared corpus.
    public var left: String
    /// The corpus, or the right side; nil for a self-join.
    public var right: String?
    /// How rows are compared; that of a prepared corpus, if there is one.
    public var metric: Metric
    /// The result: `.jsonl`, `.csv` or `.npy`.
    public var output: String
    /// Whether rows with a NaN, an infinity or a norm above 10^19 are left out, and not refused.
    public var skipsInvalidRows = false
    /// How many parts it is planned for.
    public var partCount = 1
    /// Whether the corpus is prepared for all parts; nil for what the plan finds.
    public var preparesCorpus: Bool?
    /// Rows of a group; nil for groups of about ten seconds.
    public var groupRows: Int?

    /// The metric that a corpus is prepared for; cosine for a file of vectors.
    package static func metric(ofCorpus path: String) throws -> Metric {
        guard FileFormat(path: path) == .simile else { return .cosine }
        return try PreparedCorpusFile.read(path).metric
    }

    /// A request of one part, whose groups and preparation are as the plan finds best.
    public init(_ kind: JobKind, left: String, right: String?, metric: Metric = .cosine, output: String) {
        self.kind = kind
        self.left = left
        self.right = right
        self.metric = metric
        self.output = output
    }
}

/// What a job is expected to be: guesses, from a sample of its rows and the speed of the kernels on this machine.
public struct JobForecast: Sendable {
    /// Rows of the left side.
    public let leftRowCount: Int
    /// Rows of the side that is searched in.
    public let rightRowCount: Int
    /// Components of a row.
    public let dimension: Int
    /// Rows of a group; the last one may have fewer.
    public let groupRows: Int
    /// How many groups there are.
    public let groupCount: Int
    /// Whether the corpus is prepared once for all parts.
    public let preparesCorpus: Bool
    /// Seconds of all parts together, each on as many workers as this process may use.
    public let seconds: Double
    /// Bytes that a process needs beside the inputs.
    public let memory: Int
    /// How large the result is; of a join for several thresholds, from the sampled rows.
    public let results: [ExpectedResult]

    /// How large a result is expected to be.
    public struct ExpectedResult: Sendable, Hashable {
        /// The threshold of a join; nil for a search.
        public let threshold: Float?
        /// Neighbors or pairs.
        public let count: Double
    }
}

extension Job {
    /// Rows of the left side that a forecast looks at.
    private static let sampleCount = 256

    /// What a job would be.
    ///
    /// - Complexity: a join of 256 rows, and the plan of the whole.
    /// - Throws: ``JobError`` if the inputs do not fit each other, `VectorFileError` if one cannot be read.
    public static func forecast(_ request: JobRequest, options: RunOptions = RunOptions()) throws -> JobForecast {
        let (left, right, prepared) = try open(request)
        return try forecast(request, left, right, isPrepared: prepared, options)
    }

    /// Writes what is to be done to `folder`, which is made if it is not there.
    ///
    /// - Complexity: reads the inputs once, for their checksums, and makes a forecast.
    /// - Throws: as ``forecast(_:options:)``; ``JobError`` if the folder holds another job already, or if a row is invalid.
    public static func plan(
        _ request: JobRequest,
        in folder: String,
        options: RunOptions = RunOptions()
    ) throws -> (job: Job, forecast: JobForecast) {
        let (left, right, prepared) = try open(request)
        try requireValidRows(request, left, right, options)
        let forecast = try forecast(request, left, right, isPrepared: prepared, options)
        // Known before the work begins: a result that cannot be written.
        _ = try ResultOutput(path: request.output, purpose: "\(request.kind.name) results", registeredIn: nil)
        let paths = JobFolder(path: folder)
        try paths.make()
        func input(_ path: String) throws -> JobInput {
            JobInput(
                path: RelativePath.of(path, from: paths.manifest),
                fingerprint: try FileFingerprint(path: path.vectorFilePath)
            )
        }
        let files = [request.left] + [request.right].compactMap { $0 }
        let idFiles = Set(files.map { $0 + ".ids.jsonl" }.filter { FileIdentity(path: $0) != nil }).sorted()
        let manifest = JobManifest(
            kind: request.kind,
            metric: request.metric,
            left: try input(request.left),
            leftRows: left.rowCount,
            right: try request.right.map(input),
            rightRows: right.rowCount,
            dimension: left.dimension,
            idFiles: try idFiles.map(input),
            output: RelativePath.of(request.output, from: paths.manifest),
            skipsInvalidRows: request.skipsInvalidRows,
            groupRows: forecast.groupRows,
            partCount: request.partCount,
            preparesCorpus: forecast.preparesCorpus
        )
        let file = try AtomicFile(paths.manifest)
        file.write(manifest.text)
        try file.finish()
        // Of several that plan in one folder exactly one wins.
        if try !file.publishIfNew(), try Job(in: folder).manifest != manifest {
            throw JobError(.unusable, "\(folder) holds another job; expected a new folder, or the same request")
        }
        return (Job(folder: paths, manifest: manifest), forecast)
    }

    private static func open(_ request: JobRequest) throws -> (VectorMatrix, VectorMatrix, isPrepared: Bool) {
        let limit = JobManifest.countLimit
        guard (1...limit).contains(request.partCount) else {
            throw JobError(.unusable, "\(request.partCount) parts; expected 1 to \(limit)")
        }
        if let rows = request.groupRows, !(1...limit).contains(rows) {
            throw JobError(.unusable, "groups of \(rows) rows; expected 1 to \(limit)")
        }
        for path in [request.left] + [request.right].compactMap({ $0 }) {
            let format = try FileFormat.of(path, among: FileFormat.vectors + [.simile], for: "the input of a job")
            guard format != .jsonl else {
                throw JobError(.unusable, "\(path): a job maps its inputs; convert the vectors to .npy first")
            }
        }
        let rightPath = request.right ?? request.left
        let (right, prepared) = try JobInputs.open(rightPath, withIDs: true)
        let left = request.left == rightPath ? right : try JobInputs.open(request.left, withIDs: true).rows
        guard left.dimension == right.dimension else {
            throw JobError(
                .unusable,
                "different dimensions: \(request.left) has \(left.dimension), \(rightPath) has \(right.dimension)"
            )
        }
        if let prepared, prepared.metric != request.metric {
            throw JobError(.unusable, "\(rightPath) is prepared for \(prepared.metric), not for \(request.metric)")
        }
        if case .search(let k, let excludingSelf) = request.kind.choice {
            guard k >= 1 else { throw JobError(.unusable, "k is \(k); it must be at least 1") }
            guard !excludingSelf || left.rowCount == right.rowCount else {
                throw JobError(.unusable, "to leave out a query itself, queries and corpus must be the same rows")
            }
        }
        if case .join(let threshold) = request.kind.choice,
            !threshold.isFinite || request.metric == .euclidean && threshold < 0
        {
            throw JobError(.unusable, "a threshold of \(threshold)")
        }
        return (left, right, prepared != nil)
    }

    /// Looks at every row: one that is invalid would otherwise end the part that meets it, in hours perhaps.
    private static func requireValidRows(
        _ request: JobRequest,
        _ left: VectorMatrix,
        _ right: VectorMatrix,
        _ options: RunOptions
    ) throws {
        if request.skipsInvalidRows { return }
        for (path, rows) in [(request.left, left), (request.right ?? request.left, right)] {
            let statistics = try rows.statistics(workers: options.workers, cancellation: options.cancellation)
            guard statistics.invalidRowCount == 0 else {
                throw JobError(.invalidRows, "\(path): \(statistics.invalidRowsDescription)")
            }
            if request.right == nil || request.right == request.left { return }
        }
    }

    private static func forecast(
        _ request: JobRequest,
        _ left: VectorMatrix,
        _ right: VectorMatrix,
        isPrepared: Bool,
        _ options: RunOptions
    ) throws -> JobForecast {
        var options = options
        options.invalidRows = request.skipsInvalidRows ? .skip : .reject
        // Without codes, what is forecast is the engine of the floats.
        let (m, n, d) = (Double(left.rowCount), Double(right.rowCount), Double(left.dimension))
        if request.preparesCorpus == false, !isPrepared, options.engine == .auto {
            options.engine = .plain(multiplyAdds: m * n * d, options)
        }
        let operation = request.kind.operation(request.right == nil ? nil : left, right, metric: request.metric)
        let whole = try right.forecast(operation, options: options)
        let results: [(Float?, Double)]
        switch request.kind.choice {
        case .search(let k, _): results = [(nil, m * min(Double(k), n))]
        case .join(let threshold):
            let half = request.right == nil ? 0.5 : 1
            results = try sampled(request, threshold, left, right, options).map { ($0, $1 * half) }
        }
        let prepares = request.preparesCorpus ?? (whole.preparesCorpus && !isPrepared)
        let entries = results.first?.1 ?? 0
        // Ten seconds of work, at most a quarter of a gibibyte of results or of what is allowed, at least four groups a part.
        let room = min(0x1p28, options.pairLimit.map { 12 * Double($0) } ?? 0x1p28)
        let rowSeconds = whole.seconds / max(m, 1)
        let byTime = rowSeconds > 0 ? 10 / rowSeconds : m
        let byMemory = entries > 0 ? room / (48 * entries / max(m, 1)) : m
        let byParts = m / Double(4 * request.partCount)
        var rows = min(byTime, byMemory, max(byParts, 512), max(m, 1))
        // Of bands, of which each meets each, there are as many as make so many groups: about half of their square.
        let areBands =
            if case .search(_, excludingSelf: true) = request.kind.choice {
                request.left == request.right && (prepares || isPrepared)
            } else { false }
        if areBands { rows = min(m / (2 * m / max(rows, 1)).squareRoot(), max(m, 1)) }
        let groupRows = request.groupRows ?? max(1, Int(rows) < 512 ? Int(rows) : Int(rows) / 512 * 512)
        let rangeCount = left.rowCount == 0 ? 0 : (left.rowCount - 1) / groupRows + 1
        let groupCount = areBands ? rangeCount * (rangeCount + 1) / 2 : rangeCount
        let codes = prepares || isPrepared ? n * (d + 64) : 0
        return JobForecast(
            leftRowCount: left.rowCount,
            rightRowCount: right.rowCount,
            dimension: left.dimension,
            groupRows: groupRows,
            groupCount: groupCount,
            preparesCorpus: prepares,
            seconds: whole.seconds,
            memory: Int(
                min(
                    codes + 48 * entries / max(m, 1) * Double(groupRows) + 0x1p24 * Double(options.workers.count),
                    0x1p62
                )
            ),
            results: results.map { JobForecast.ExpectedResult(threshold: $0.0, count: $0.1) }
        )
    }

    /// Pairs of all rows for the threshold that is asked for, and for three stricter ones, from those of some rows.
    private static func sampled(
        _ request: JobRequest,
        _ threshold: Float,
        _ left: VectorMatrix,
        _ right: VectorMatrix,
        _ options: RunOptions
    ) throws -> [(Float, Double)] {
        // Fewer rows where these alone have more pairs than may be held.
        var count = min(sampleCount, left.rowCount)
        while count > 0 {
            do {
                return try sampled(request, threshold, left, right, count, options)
            } catch let error as SimilarityError where error.code == .tooLarge && count > 1 {
                count = max(1, count / 8)
            }
        }
        return [(threshold, 0)]
    }

    private static func sampled(
        _ request: JobRequest,
        _ threshold: Float,
        _ left: VectorMatrix,
        _ right: VectorMatrix,
        _ count: Int,
        _ options: RunOptions
    ) throws -> [(Float, Double)] {
        let rows = (0..<count).map { $0 * left.rowCount / count }
        let sample = VectorMatrix(rows: rows.map { left[$0] })
        var options = options
        if options.engine == .auto {
            let products = Double(count) * Double(right.rowCount) * Double(right.dimension)
            options.engine = .plain(multiplyAdds: products, options)
        }
        let joined = try sample.join(right, threshold: threshold, metric: request.metric, options: options)
        // In a self-join, a row is a pair with itself here.
        let pairs = joined.pairs.filter { request.right != nil || rows[$0.a] != $0.b }
        let scale = Double(left.rowCount) / Double(count)
        let scores = pairs.map(\.score)
        return (0...3).map { step in
            // A quarter of the way to the best score there is.
            let stricter =
                request.metric == .euclidean
                ? threshold * Float(4 - step) / 4
                : request.metric == .cosine
                    ? threshold + (1 - threshold) * Float(step) / 4 : threshold * (1 + Float(step) / 4)
            let kept = scores.filter { request.metric == .euclidean ? $0 <= stricter : $0 >= stricter }
            return (stricter, Double(kept.count) * scale)
        }
    }
}
