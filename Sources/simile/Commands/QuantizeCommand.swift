// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import VectorFiles

/// `simile quantize --input F --to int8 --output V`
struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Write vectors in fewer bytes: halves, bytes or single bits.",
        discussion: """
            float16 rounds; int8 spreads the range of each component over -128 to 127, and --save-calibration keeps the ranges (two rows: \
            least and largest) for --calibration, so that queries are made bytes by the ranges of the corpus; binary keeps signs, packed as \
            numpy.packbits packs them. Outputs: .npy, or the format of that type (.f16bin, .i8bin, .u8bin, .bvecs).
            """
    )

    @Option(help: "Texts or vectors.") var input: String
    @Option(help: "What components become: float16, int8 or binary.") var to: QuantizedType
    @Option(help: "Ranges of the components, as --save-calibration wrote them. (default: those of the input)")
    var calibration: String?
    @Option(help: "File for the ranges of the input's components: .npy or another format of vectors.")
    var saveCalibration: String?
    @Option(help: "Quantized vectors.") var output: String
    @OptionGroup var running: RunningOptions
    @OptionGroup var inputs: InputOptions

    mutating func validate() throws {
        if to != .int8, calibration != nil || saveCalibration != nil {
            throw ValidationError("--calibration and --save-calibration are for --to int8")
        }
        if calibration != nil, saveCalibration != nil {
            throw ValidationError("expected --calibration or --save-calibration, found both")
        }
    }

    mutating func run() async throws {
        input = try inputs.resolved(input)
        let run = try ResultRun(
            running,
            writes: [.vectors("--output", output), .vectors("--save-calibration", saveCalibration)],
            reads: [input, calibration]
        )
        let writer = try VectorFileWriter(
            path: output,
            component: to.component,
            registeredIn: Interruption.temporaryFiles
        )
        let rangeWriter = try saveCalibration.map {
            try VectorFileWriter(path: $0, registeredIn: Interruption.temporaryFiles)
        }
        var set = try await InputReader(inputs, running, for: [(input, nil)]).read(input, metric: .dot)
        run.noting("input", input, set)
        if running.skipInvalid { set = set.withoutInvalidRows() }
        let vectors = set.vectors
        let ranges = to == .int8 ? try ranges(of: vectors) : nil
        if let ranges, let rangeWriter {
            try rangeWriter.write(VectorMatrix(rows: [ranges.minima, ranges.maxima]), check: Interruption.flag.check)
        }
        writer.begin(rows: vectors.rowCount, dimension: to == .binary ? (vectors.dimension + 7) / 8 : vectors.dimension)
        let step = max(1, (1 << 20) / vectors.dimension)
        try running.writing(vectors.rowCount, unit: "vectors") { written in
            for start in stride(from: 0, to: vectors.rowCount, by: step) {
                let rows = start..<min(start + step, vectors.rowCount)
                let piece =
                    switch to {
                    case .float16: vectors[rows]
                    case .binary: vectors[rows].signBits().bytes
                    case .int8: ranges.map { vectors[rows].bytes(by: $0).vectors } ?? vectors[rows]
                    }
                try writer.append(piece, check: Interruption.flag.check)
                try written(rows.upperBound)
            }
        }
        try run.requireUnchanged()
        try writer.finish(check: Interruption.flag.check)
        running.tellOfVanished(writer)
        running.tell(
            "\(vectors.rowCount) rows, \(vectors.dimension) dimensions as \(to.rawValue) -> \(output) "
                + "(\(Quantity.seconds(run.seconds)))"
        )
        run.record(
            output,
            [("rows", .count(vectors.rowCount)), ("dimension", .count(vectors.dimension))],
            isBound: true
        )
    }

    /// A component that is the same in all rows has no range: its bytes say nothing of it.
    private func examine(_ ranges: ByteCalibration) throws {
        let constant = zip(ranges.minima, ranges.maxima).count { $0 == $1 }
        if constant == 0 { return }
        let which = "\(constant) of \(ranges.minima.count) components are constant in \(InputSpool.named(input))"
        guard constant < ranges.minima.count else {
            throw CommandFailure.refused(
                "\(which): no range to make bytes by; expected rows that differ, or --calibration"
            )
        }
        running.tell("warning: \(which): their bytes are all -128; --calibration gives ranges of more rows")
    }

    private func ranges(of vectors: VectorMatrix) throws -> ByteCalibration {
        guard let calibration else {
            do {
                let ranges = try ByteCalibration(of: vectors, options: running.runOptions())
                try examine(ranges)
                return ranges
            } catch let error as SimilarityError where error.code == .tooFewRows {
                throw CommandFailure.refused("\(InputSpool.named(input)): \(error)")
            }
        }
        let rows = try VectorFile.read(calibration)
        guard rows.rowCount == 2, rows.dimension == vectors.dimension,
            zip(rows[0], rows[1]).allSatisfy({ $0.isFinite && $1.isFinite && $0 <= $1 })
        else {
            throw CommandFailure.refused(
                "\(calibration): expected two rows of \(vectors.dimension) finite components, the least and the largest of each, "
                    + "found \(rows.rowCount) x \(rows.dimension), or a least one above its largest"
            )
        }
        let ranges = ByteCalibration(minima: rows[0], maxima: rows[1])
        let clipped = ranges.clippedShare(of: vectors)
        // Queries reach a little beyond their corpus; vectors of another model are mostly elsewhere.
        if clipped > 0.01 {
            running.tell(
                "warning: \(Quantity.fixed(100 * clipped, 1)) % of the components of \(InputSpool.named(input)) are outside of the ranges of "
                    + "\(calibration) and become their ends; are these ranges of vectors of the same kind?"
            )
        }
        return ranges
    }
}

/// What components become, as the command line names it.
enum QuantizedType: String, CaseIterable, ExpressibleByArgument {
    case float16, int8, binary

    var component: ComponentType {
        switch self {
        case .float16: .float16
        case .int8: .int8
        case .binary: .uint8
        }
    }
}
