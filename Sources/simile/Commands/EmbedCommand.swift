// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import TextEncoder
internal import VectorFiles

/// `simile embed --input F --output V`
struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Make vectors of texts.",
        discussion: """
            Without --output each text becomes a line {"row":0,"embedding":[...]} on standard output. If the input has ids, \
            v.ids.jsonl is written beside v.npy.
            """
    )

    @Option(help: "Texts: .txt or .jsonl.") var input: String
    @Option(help: "Vectors: .npy or .fvecs.") var output: String?
    @Option(help: "Form of standard output: jsonl. (default: jsonl)") var format: OutputFormat?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var running: RunningOptions

    mutating func run() throws {
        if let format, format != .jsonl {
            throw CommandFailure.usage("--format \(format.rawValue) is not for this command; expected jsonl")
        }
        guard try inputs.kind(of: input) == .texts else {
            throw CommandFailure.usage("\(input) holds vectors already; embed reads texts (.txt, .jsonl)")
        }
        var writer: VectorFileWriter?
        if let output {
            try OutputCheck.requireDistinct(VectorFileWriter.touchedPaths(output), from: [input])
            writer = try VectorFileWriter(path: output, registeredIn: Interruption.temporaryFiles)
        }
        let clock = ContinuousClock.now
        let reader = InputReader(inputs, running)
        let file = try reader.readTexts(input)
        let rows = file.texts.indices.filter { !file.texts[$0].isBlank }
        let ids = file.ids.map { ids in rows.map { ids[$0] } }
        let vectors = try reader.embed(rows.map { file.texts[$0] }, ids: ids)
        if let writer, let output {
            try writer.write(vectors, check: Interruption.flag.check)
            let seconds = (ContinuousClock.now - clock) / .seconds(1)
            running.tell(
                "\(rows.count) texts, \(vectors.dimension) dimensions -> \(output) "
                    + "(\(Quantity.seconds(seconds)), \(Quantity.short(Double(rows.count) / seconds)) texts/s)"
            )
        } else {
            try printLines(vectors, rows: rows)
        }
    }

    private func printLines(_ vectors: VectorMatrix, rows: [Int]) throws {
        let out = BufferedOutput()
        for (i, row) in rows.enumerated() {
            if i % 256 == 0 { try Interruption.flag.check() }
            let id = vectors.ids.map { ",\"id\":\(JSONText.of($0[i]))" } ?? ""
            let values = vectors[i].map { "\($0)" }.joined(separator: ",")
            try out.write("{\"row\":\(row)\(id),\"embedding\":[\(values)]}\n")
        }
        try out.flush()
    }
}
