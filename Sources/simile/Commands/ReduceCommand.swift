// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import VectorFiles

/// `simile reduce --input F --dims M --output V`
struct ReduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reduce",
        abstract: "Make vectors shorter: by principal components, by a cut, or by a random rotation.",
        discussion: """
            --save keeps what has been fitted, for --apply to other vectors of the same kind; both are read and written a piece at a \
            time. --method matryoshka keeps the first components and makes unit vectors of them, for models that were trained for that.
            """
    )

    @Option(help: "Texts or vectors.") var input: String
    @Option(parsing: .unconditional, help: "Components of what comes out. (default: those of --apply)") var dims: Int?
    @Option(help: "How: pca, matryoshka or random.") var method: ReductionMethod = .pca
    @Flag(help: "Divide each principal component by its standard deviation.") var whiten = false
    @Flag(help: "Make unit vectors of what comes out.") var normalize = false
    @Option(parsing: .unconditional, help: "Rows that principal components are fitted on. (default: all)")
    var fitSample: Int?
    @Option(parsing: .unconditional, help: "What every draw follows from.") var seed: UInt64 = 0
    @Option(help: "File for what has been fitted: .safetensors.") var save: String?
    @Option(help: "What an earlier run has saved.") var apply: String?
    @Option(help: "Vectors: .npy or another format of vectors.") var output: String?
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if (dims == nil) == (apply == nil) { throw ValidationError("expected either --dims or --apply") }
        if let dims, dims < 1 { throw ValidationError("--dims is \(dims); it must be at least 1") }
        if let fitSample, fitSample < 2 { throw ValidationError("--fit-sample is \(fitSample); it must be at least 2") }
        if output == nil, save == nil { throw ValidationError("expected --output, --save or both") }
        if whiten, method != .pca { throw ValidationError("--whiten is for --method pca") }
        if apply != nil, whiten || normalize || method != .pca || fitSample != nil || save != nil {
            throw ValidationError("--apply does what was saved; leave out how to fit")
        }
    }

    mutating func run() async throws {
        input = try inputs.resolved(input)
        let run = try ResultRun(
            running,
            writes: [.vectors("--save", save), .vectors("--output", output)],
            reads: [input, apply]
        )
        let writer = try output.map { try VectorFileWriter(path: $0, registeredIn: Interruption.temporaryFiles) }
        let saved = try apply.map { try ProjectionFile.read($0) }
        // Zero rows are nothing to tell of here.
        var set = try await InputReader(inputs, running, for: [(input, nil)]).read(input, metric: .dot)
        run.noting("input", input, set)
        if running.skipInvalid { set = set.withoutInvalidRows() }
        let projection = try saved ?? fitted(set.vectors)
        guard projection.dimension == set.vectors.dimension else {
            throw CommandFailure.refused(
                "\(InputSpool.named(input)): expected vectors of \(projection.dimension) components, as \(apply ?? "") was fitted on, "
                    + "found \(set.vectors.dimension)"
            )
        }
        if let apply { tellOfOtherSpace(projection, apply, set.vectors) }
        if let save { try ProjectionFile.write(projection, to: save, registeredIn: Interruption.temporaryFiles) }
        if let writer { try write(set.vectors, by: projection, to: writer) }
        try run.requireUnchanged()
        let share = projection.explainedVarianceRatio.reduce(0.0) { $0 + Double($1) }
        let kept = projection.explainedVariance.isEmpty ? "" : ", \(Quantity.fixed(100 * share, 1)) % of the variance"
        let empty = projection.directionsWithoutVariance
        if empty > 0, apply == nil {
            running.tell(
                "warning: \(empty) of \(projection.outputDimension) directions have no variance: what is in them is "
                    + (whiten ? "zero" : "rounding")
            )
        }
        running.tell(
            "\(set.vectors.rowCount) rows, \(projection.dimension) -> \(projection.outputDimension) dimensions\(kept)"
                + "\(output.map { " -> \($0)" } ?? "") (\(Quantity.seconds(run.seconds)))"
        )
        run.record(
            output,
            [("rows", .count(set.vectors.rowCount)), ("dimension", .count(projection.outputDimension))],
            isBound: true
        )
    }

    /// Directions that were fitted on rows of another kind keep little of these.
    private func tellOfOtherSpace(_ projection: LinearProjection, _ path: String, _ vectors: VectorMatrix) {
        let expected = projection.explainedVarianceRatio.reduce(0.0) { $0 + Double($1) }
        guard let found = projection.retainedVariance(of: vectors), found < 0.8 * expected else { return }
        running.tell(
            "warning: \(path) keeps \(Quantity.fixed(100 * found, 1)) % of the variance of \(InputSpool.named(input)), and "
                + "\(Quantity.fixed(100 * expected, 1)) % of what it was fitted on; are these vectors of the same kind?"
        )
    }

    private func fitted(_ vectors: VectorMatrix) throws -> LinearProjection {
        let d = vectors.dimension
        let m = dims ?? d
        guard m <= d else {
            throw CommandFailure.usage(
                "--dims is \(m), and \(InputSpool.named(input)) has \(d) dimensions; expected at most as many"
            )
        }
        switch method {
        case .matryoshka: return .matryoshka(m, of: d)
        case .random: return .randomRotation(m, of: d, seed: seed)
        case .pca:
            do {
                return try .principalComponents(
                    m,
                    of: vectors,
                    components: ComponentOptions(
                        whitens: whiten,
                        normalizes: normalize,
                        sampleSize: fitSample,
                        seed: seed
                    ),
                    options: running.runOptions()
                )
            } catch let error as SimilarityError where error.code == .tooFewRows {
                throw CommandFailure.refused("\(InputSpool.named(input)): \(error)")
            }
        }
    }

    private func write(_ vectors: VectorMatrix, by projection: LinearProjection, to file: VectorFileWriter) throws {
        file.begin(rows: vectors.rowCount, dimension: projection.outputDimension)
        // Pieces of whole products, so that what comes out does not depend on them.
        let step = max(256, (1 << 22) / projection.dimension / 256 * 256)
        try running.writing(vectors.rowCount, unit: "vectors") { written in
            for start in stride(from: 0, to: vectors.rowCount, by: step) {
                let rows = start..<min(start + step, vectors.rowCount)
                let piece = try vectors[rows].projected(by: projection, options: running.runOptions())
                try file.append(piece, check: Interruption.flag.check)
                try written(rows.upperBound)
            }
        }
        try file.finish(check: Interruption.flag.check)
    }
}

/// How vectors are made shorter, as the command line names it.
enum ReductionMethod: String, CaseIterable, ExpressibleByArgument {
    case pca, matryoshka, random
}
