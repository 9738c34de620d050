// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import StrictJSON
internal import System
internal import VectorFiles

#if ModelHub
internal import ModelHub
#endif

/// `simile info [FILE]`
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "What is in a vector file or a prepared corpus, or what this machine and build can do."
    )

    @Argument(help: "A vector file or a prepared corpus.") var file: String?
    @Option(help: "Format of a file whose name does not tell it, such as standard input (-): npy, fvecs or simile.")
    var inputFormat: FileFormat?
    @OptionGroup var running: RunningOptions
    @Option(help: "Form of the output: table or json. (default: table on a terminal, else json)") var format:
        OutputFormat?

    mutating func run() throws {
        let format = try (format ?? .standard).among([.table, .json])
        let facts = try file.map { try describe(InputSpool.resolve($0, format: inputFormat)) } ?? describeMachine()
        let text =
            format == .json
            ? JSONWriter.objectText { object in for fact in facts { object.field(fact.key, fact.value) } } + "\n"
            : Fact.table(facts)
        try StandardStream.output.write(text)
    }

    private func describe(_ path: String) throws -> [Fact] {
        if FileFormat(path: path) == .simile { return describe(try PreparedCorpusReader(path)) }
        let vectors = try VectorFile.read(path)
        try running.tellOfRounding(vectors, path)
        let statistics = try vectors.statistics(workers: running.workers, cancellation: Interruption.flag)
        return [
            Fact("rows", .count(vectors.rowCount)),
            Fact("dimension", .count(vectors.dimension)),
            Fact("type", .text(vectors.storage.elementType.shortName)),
            Fact("normMin", statistics.normRange.map { .number($0.lowerBound) } ?? .none),
            Fact("normMax", statistics.normRange.map { .number($0.upperBound) } ?? .none),
            Fact("zeroRows", .count(statistics.zeroRowCount)),
            Fact("invalidRows", .count(statistics.invalidRowCount)),
        ]
    }

    /// Does not need the source: what has become of it is one of the facts.
    private func describe(_ reader: PreparedCorpusReader) -> [Fact] {
        let file = reader.summary
        return [
            Fact("rows", .count(file.rowCount)),
            Fact("dimension", .count(file.dimension)),
            Fact("type", .text(file.elementType.shortName)),
            Fact("metric", .text(file.metric.rawValue)),
            Fact("prefix", .count(file.prefix)),
            Fact("codedRows", .count(file.codedRowCount)),
            Fact("bytes", .count(file.fileByteCount)),
            Fact("embedded", .flag(file.embedsRows)),
            Fact("source", file.source.map { .text($0) } ?? .none),
            Fact("sourceState", .text(reader.sourceState.rawValue)),
            Fact("version", .count(file.version)),
        ]
    }

    private func describeMachine() throws -> [Fact] {
        let libraries = SimilarityRuntime.libraries
        if let libraries, !libraries.areOneOpenBLAS { tell(about: libraries) }
        if let warning = SimilarityRuntime.blasWarning { running.tell("warning: \(warning)") }
        if let refusal = KernelLevel.current.refusal { running.tell("warning: \(refusal)") }
        return try [
            Fact("version", .text(Simile.version)),
            Fact("engine", .text(running.runOptions().engine.resolved().name)),
            Fact("blas", SimilarityRuntime.blasVersion.map { .text($0) } ?? .none),
            Fact("core", SimilarityRuntime.blasCore.map { .text($0) } ?? .none),
            Fact(
                "blasThreads",
                SimilarityRuntime.blasConfiguration == nil ? .none : .count(SimilarityRuntime.blasThreadCount)
            ),
            Fact("gemm", .text(GEMM.preferred.description)),
            Fact("isa", .text(KernelLevel.current.permitted.name)),
            Fact("threads", .count(running.workers.count)),
            Fact("threadsFrom", .text(running.workersSource)),
            Fact("memory", running.memoryBudget.map { .count(Int($0.bytes)) } ?? .none),
            Fact("memoryFrom", running.memoryBudget.map { .text($0.source) } ?? .none),
        ] + hubFacts + [
            Fact("libblas", .files(libraries?.blas ?? [])),
            Fact("liblapack", .files(libraries?.lapack ?? [])),
        ]
    }

    /// What the client of the Model Hub finds on this machine.
    private var hubFacts: [Fact] {
        #if ModelHub
        [
            ("curl", HubLibraryVersions.curl), ("tls", HubLibraryVersions.tls),
            ("crypto", HubLibraryVersions.crypto), ("sqlite", HubLibraryVersions.sqlite),
        ].map { Fact($0, $1.map { .text($0) } ?? .none) }
        #else
        []
        #endif
    }

    private func tell(about libraries: LoadedLibraries) {
        let found = [
            ("libopenblas", libraries.openBLAS), ("libblas.so.3", libraries.blas),
            ("liblapack.so.3", libraries.lapack),
        ]
        running.tell(
            "warning: expected one OpenBLAS with libblas.so.3 and liblapack.so.3 beside it, found "
                + found.map { "\($0.0): \($0.1.isEmpty ? "none" : $0.1.joined(separator: ", "))" }
                .joined(separator: "; ")
                + "; see update-alternatives"
        )
    }
}

/// One line of `info`.
private struct Fact {
    enum Value: JSONWritable {
        case text(String)
        case count(Int)
        case number(Double)
        case flag(Bool)
        case none

        /// The usual single file, or all of them, or none.
        static func files(_ paths: [String]) -> Value {
            paths.isEmpty ? .none : .text(paths.joined(separator: ", "))
        }

        func write(to writer: inout JSONWriter) {
            switch self {
            case .text(let text): text.write(to: &writer)
            case .count(let count): count.write(to: &writer)
            case .number(let number): JSONNumber(plain(number)).write(to: &writer)
            case .flag(let flag): flag.write(to: &writer)
            case .none: Int?.none.write(to: &writer)
            }
        }

        var readable: String {
            switch self {
            case .text(let text): text
            case .count(let count): "\(count)"
            case .number(let number): plain(number)
            case .flag(let flag): flag ? "yes" : "no"
            case .none: "none"
            }
        }

        private func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
    }

    let key: String
    let value: Value

    init(_ key: String, _ value: Value) {
        self.key = key
        self.value = value
    }

    static func table(_ facts: [Fact]) -> String {
        let width = facts.map(\.key.count).max() ?? 0
        return facts.map { fact in
            fact.key + String(repeating: " ", count: width + 2 - fact.key.count) + fact.value.readable + "\n"
        }.joined()
    }
}

extension ElementType {
    /// The name NumPy gives the type, e.g. `f4`.
    fileprivate var shortName: String {
        switch self {
        case .float32: "f4"
        case .float16: "f2"
        case .float64: "f8"
        case .int8: "i1"
        case .uint8: "u1"
        case .int32: "i4"
        }
    }
}
