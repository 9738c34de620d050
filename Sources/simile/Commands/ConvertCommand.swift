// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import System
internal import VectorFiles

/// `simile convert --input F --output V`
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write vectors in another format.",
        discussion: """
            Formats are told by the endings: .npy, .safetensors, .fbin and .fvecs hold float32, .f16bin float16, .u8bin and .bvecs uint8, .i8bin int8, .ivecs \
            int32 components. Components are rounded to float16 where that is wanted, and must be integers of the right size \
            already where integers are. A .jsonl file has a vector a line, {"row":0,"embedding":[...]}. Ids go along. The rows of a prepared corpus (.simile) can be taken out of it.
            """
    )

    @Option(help: "Vectors.") var input: String
    @Option(help: "Vectors, in the format that the ending says.") var output: String
    @Option(help: "Format of an input whose name does not tell it, such as standard input (-).")
    var inputFormat: FileFormat?
    @Option(help: "Field of a .jsonl file that holds vectors.") var vectorField: String = "embedding"
    @Option(help: "Field of a .jsonl file that holds the id. (default: id, if present)") var idField: String?
    @OptionGroup var running: RunningOptions

    mutating func run() throws {
        input = try InputSpool.resolve(input, format: inputFormat)
        let isCSVOfVectors = try FileFormat(path: input) == .csv && CSVVectors.holdsVectors(input, column: vectorField)
        if let format = FileFormat(path: input), [.txt, .csv].contains(format), !isCSVOfVectors {
            throw CommandFailure.usage("\(input) holds texts; embed makes vectors of them")
        }
        if output == "-" || FileFormat(path: output) == .jsonl { return try writeLines() }
        let run = try ResultRun(running, writes: [.vectors("--output", output)], reads: [input])
        let writer = try VectorFileWriter(path: output, registeredIn: Interruption.temporaryFiles)
        // What is written as it stands is not rounded.
        let source = try VectorFile.read(input, vectorField: vectorField, idField: idField)
        let vectors = writer.keeps(source) ? source : try readVectors(source)
        writer.begin(rows: vectors.rowCount, dimension: vectors.dimension)
        let step = max(1, (1 << 20) / vectors.dimension)
        try running.writing(vectors.rowCount, unit: "vectors") { written in
            for start in stride(from: 0, to: vectors.rowCount, by: step) {
                let rows = start..<min(start + step, vectors.rowCount)
                try writer.append(vectors[rows], check: Interruption.flag.check)
                try written(rows.upperBound)
            }
        }
        try InputSet(vectors: vectors, texts: nil).requireUnchanged()
        try writer.finish(check: Interruption.flag.check)
        running.tellOfVanished(writer)
        tell(vectors, run)
    }

    private func readVectors(_ vectors: VectorMatrix) throws -> VectorMatrix {
        try running.tellOfRounding(vectors, input)
        return vectors
    }

    private func tell(_ vectors: VectorMatrix, _ run: ResultRun) {
        running.tell(
            "\(vectors.rowCount) rows, \(vectors.dimension) dimensions -> \(output) "
                + "(\(Quantity.seconds(run.seconds)))"
        )
    }

    /// Writes a line a vector, to a file or to standard output.
    private func writeLines() throws {
        let isFile = output != "-"
        let run = try ResultRun(running, writes: [.file("--output", isFile ? output : nil)], reads: [input])
        let file = isFile ? try AtomicFile(output, registeredIn: Interruption.temporaryFiles) : nil
        let vectors = try readVectors(VectorFile.read(input, vectorField: vectorField, idField: idField))
        let out = BufferedOutput()
        try running.writing(vectors.rowCount, unit: "vectors") { written in
            for row in 0..<vectors.rowCount {
                if row % 256 == 0 { try written(row) }
                let line = EmbeddingLine.json(row: row, id: vectors.ids?[row], vector: vectors[row])
                if let file {
                    file.write(line)
                    try file.flushIfLarge()
                } else {
                    try out.write(line)
                }
            }
        }
        try InputSet(vectors: vectors, texts: nil).requireUnchanged()
        guard let file else { return try out.flush() }
        try file.finish()
        try file.publish()
        tell(vectors, run)
    }
}
