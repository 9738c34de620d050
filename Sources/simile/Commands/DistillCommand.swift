// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import System
internal import TextEncoder
internal import VectorFiles

/// `simile distill --model M --output S`
struct DistillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract:
            "Make a static model of a transformer: some hundred times as fast, a few megabytes, and nearly as good.",
        discussion: """
            A static model gives a text the mean of its tokens' vectors, wherever they stand. They are learned from the vectors that \
            --model gives the texts of --texts: take some ten thousands or more that are like those it is for. Without --texts they are those that \
            --model gives each token alone, which is much worse. The output is a folder for --model, and for model2vec and \
            sentence-transformers. 'simile evaluate' tells how good it is.
            """
    )

    @Option(
        help: "The model: a name in the model folder, or the path of a folder. (default: \(ModelLocation.defaultModel))"
    )
    var model: String?
    @Option(help: "Texts to learn from: .txt, .jsonl, .csv or .parquet.") var texts: String?
    @Option(help: "Field of a .jsonl file or column of a .csv or .parquet file that holds the text. (default: text)")
    var textField: String?
    @Option(parsing: .unconditional, help: "Components of a vector.") var dims: Int = 256
    @Option(help: "Folder of the static model; made if it is not there.") var output: String
    @OptionGroup var running: RunningOptions

    mutating func validate() throws {
        if dims < 1 { throw ValidationError("--dims is \(dims); it must be at least 1") }
        if textField != nil, texts == nil { throw ValidationError("--text-field is for --texts") }
    }

    mutating func run() async throws {
        let run = try ResultRun(running, writes: [.file("--output", output)], reads: [texts])
        if FileIdentity(path: output) != nil {
            guard FolderAccess.isFolder(output), try FolderAccess.names(in: output).isEmpty else {
                throw CommandFailure.usage("\(output) is there already; expected a new folder")
            }
        }
        let folder = try Environment.modelLocation().folder(of: model ?? ModelLocation.defaultModel)
        let learned = try texts.map {
            try TextFile.read($0, fields: TextFile.Fields(text: textField ?? "text", id: nil))
        }
        let kept = learned?.texts.filter { !$0.isBlank } ?? []
        try running.requireMemory(
            16 * 1024 * Double(kept.count),
            for: "learning from \(kept.count) texts",
            instead: "take fewer of them"
        )
        let progress = running.progress("distilling", total: 1, unit: "")
        let model = try StaticDistillation(
            of: folder,
            dimension: dims,
            learningFrom: kept,
            options: RunOptions(
                workers: running.workers,
                cancellation: Interruption.flag,
                progress: { progress.update($0) }
            )
        )
        progress.finish()
        let files = FileGroup(registeredIn: Interruption.temporaryFiles)
        do {
            try FolderAccess.make(output)
        } catch {
            throw CommandFailure.failed("\(output): cannot \(error.operation): \(error.reason)")
        }
        // The configuration is what makes the folder one of a model.
        for (name, bytes) in model.files {
            let path = "\(output)/\(name)"
            try (name == "config.json" ? files.addMarker(path) : files.add(path)).write(bytes)
        }
        try files.commit()
        let size = model.files.reduce(0) { $0 + $1.bytes.count }
        running.tell(
            "\(model.tokenCount) tokens, \(model.dimension) dimensions, \(Quantity.fixed(100 * model.retainedVariance, 1)) % of the variance"
                + "\(texts.map { _ in ", from \(kept.count) texts" } ?? "") -> \(output) "
                + "(\(Quantity.short(Double(size)))B, \(Quantity.seconds(run.seconds)))"
        )
    }
}
