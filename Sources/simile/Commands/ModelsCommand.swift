// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import ArgumentParser
internal import ModelHub
internal import StrictJSON
internal import TextEncoder

/// `simile models`
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "The models that make vectors of texts: on this machine, and on the Model Hub.",
        discussion: """
            The hub lists models of every kind, and does not say of which; what is known about one is shown. Without a token \
            only the local models are listed, and the exit code is 3.
            """
    )

    @Option(help: "Form of the output: table, json or jsonl. (default: table on a terminal, else jsonl)")
    var format: OutputFormat?
    @OptionGroup var running: RunningOptions
    @OptionGroup var hub: HubOptions

    mutating func run() async throws {
        let format = format ?? .standard
        if format == .csv {
            throw CommandFailure.usage("--format csv is not for this command; expected table, json or jsonl")
        }
        let local = try localModels()
        let remote: [ListedModel]
        do {
            let connection = try HubConnection(hub, running)
            remote = try await connection.client.models().map { ListedModel($0) }
        } catch {
            try print(local, format)
            throw error
        }
        try print(local + remote, format)
    }

    private func localModels() throws -> [ListedModel] {
        let location = try Environment.modelLocation()
        var models: [ListedModel] = []
        let names = (location.bundledFolders + [location.modelsFolder]).flatMap { Environment.names(in: $0) }
        for name in Set(names).sorted() {
            guard let folder = try? location.folder(of: name) else { continue }
            let encoder = try? SentenceEncoder(folder: folder)
            models.append(
                ListedModel(
                    name: name,
                    place: "local",
                    dimension: encoder?.dimension,
                    inputLimit: encoder.flatMap { $0.maxTokenCount == .max ? nil : $0.maxTokenCount },
                    languages: [ModelLocation.defaultModel, ModelLocation.staticModel].contains(name) ? "English" : nil
                )
            )
        }
        if !models.contains(where: { $0.name == ModelLocation.defaultModel }) {
            running.tell("scripts/fetch-model fetches \(ModelLocation.defaultModel)")
        }
        return models
    }

    private func print(_ models: [ListedModel], _ format: OutputFormat) throws {
        let out = BufferedOutput()
        switch format {
        case .table: try out.write(ListedModel.table(models))
        case .json: try out.write(JSONWriter.line { $0.field("models", models) })
        default: for model in models { try out.write(JSONWriter.line(of: model)) }
        }
        try out.flush()
    }
}

/// A line of `models`.
private struct ListedModel: JSONWritable {
    /// What `--model` takes.
    let name: String
    let place: String
    let dimension: Int?
    let inputLimit: Int?
    let languages: String?

    init(name: String, place: String, dimension: Int?, inputLimit: Int?, languages: String?) {
        self.name = name
        self.place = place
        self.dimension = dimension
        self.inputLimit = inputLimit
        self.languages = languages
    }

    init(_ model: HubModel) {
        self.init(
            name: HubOptions.prefix + model.id,
            place: "hub",
            dimension: model.facts?.dimension,
            inputLimit: model.facts?.inputLimit,
            languages: model.facts?.languages
        )
    }

    func write(to writer: inout JSONWriter) {
        writer.nestedObject { model in
            model.field("model", name)
            model.field("place", place)
            model.field("dimension", dimension)
            model.field("inputLimit", inputLimit)
            model.field("languages", languages)
        }
    }

    static func table(_ models: [ListedModel]) -> String {
        let style = TextStyle.ofTerminal
        let header = ["model", "dimension", "tokens", "languages"]
        let rows = models.map { model in
            [
                model.name.shortened(to: 80), model.dimension.map(String.init) ?? "",
                model.inputLimit.map(String.init) ?? "",
                model.languages ?? "",
            ]
        }
        let widths = header.indices.map { column in
            max(header[column].displayWidth, rows.map { $0[column].displayWidth }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { column in
                [1, 2].contains(column)
                    ? cells[column].leftPadded(to: widths[column]) : cells[column].rightPadded(to: widths[column])
            }
            return padded.joined(separator: "  ")
        }
        return ([style.bold(line(header))] + rows.map(line)).map { $0 + "\n" }.joined()
    }
}
#endif
