// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import ArgumentParser
internal import ModelHub
internal import StrictJSON
internal import System

/// `simile cache`
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "The vectors from the Model Hub that are kept, so that no text is paid for twice.",
        discussion: """
            A vector is known by the address of the service, the model's name, the dimensions and the text. A service that puts another model \
            behind the same name mixes two spaces: what it calls the model in its answers is kept and compared, and 'simile cache clear \
            --model NAME' drops the old vectors.
            """,
        subcommands: [CacheInfoCommand.self, CacheClearCommand.self]
    )
}

/// `simile cache info`
struct CacheInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "info", abstract: "What is in the cache.")

    @Option(help: "Form of the output: table or json. (default: table on a terminal, else json)") var format:
        OutputFormat?
    @OptionGroup var hub: HubOptions

    mutating func run() async throws {
        let format = try (format ?? .standard).among([.table, .json])
        let path = try Environment.hubCachePath()
        let summary = try await EmbeddingCache(path: path, byteLimit: hub.cacheByteLimit).summary()
        try StandardStream.output.write(format == .json ? json(path, summary) : table(path, summary))
    }

    private func json(_ path: String, _ summary: EmbeddingCache.Summary) -> String {
        JSONWriter.objectText { object in
            object.field("path", path)
            object.field("texts", summary.sources.reduce(0) { $0 + $1.textCount })
            object.field("bytes", summary.byteCount)
            object.field("limit", summary.byteLimit)
            object.field(
                "sources",
                array: { list in
                    for source in summary.sources {
                        list.object { entry in
                            entry.field("address", source.address)
                            entry.field("model", source.model)
                            entry.field("dimensions", source.dimensions)
                            entry.field("texts", source.textCount)
                            entry.field("bytes", source.byteCount)
                        }
                    }
                }
            )
        } + "\n"
    }

    private func table(_ path: String, _ summary: EmbeddingCache.Summary) -> String {
        var text = "\(path)\n\(Quantity.short(Double(summary.byteCount)))B of vectors, "
        text += "at most \(Quantity.short(Double(summary.byteLimit)))B\n"
        for source in summary.sources {
            let dimensions = source.dimensions.map { ", \($0) dimensions" } ?? ""
            text += "\(source.textCount) texts, \(Quantity.short(Double(source.byteCount)))B: "
            text += "\(source.model)\(dimensions) at \(source.address)\n"
        }
        return text
    }
}

/// `simile cache clear`
struct CacheClearCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Drop the vectors in the cache; their texts are paid for again.",
        discussion: "A file that is no cache any more is removed."
    )

    @Option(help: "Drop the vectors of this model alone, e.g. BAAI/bge-m3.") var model: String?
    @Flag(help: "Only errors on standard error.") var quiet = false

    mutating func run() async throws {
        let path = try Environment.hubCachePath()
        let name = model.map { $0.hasPrefix(HubOptions.prefix) ? String($0.dropFirst(HubOptions.prefix.count)) : $0 }
        let cache: EmbeddingCache
        do {
            cache = try EmbeddingCache(path: path)
        } catch let error as HubError where error.code == .damagedCache && model == nil {
            try EmbeddingCache.remove(path: path)
            if !quiet { StandardStream.error.print("simile: \(path) was damaged and has been removed\n") }
            return
        }
        let count = try await cache.clear(model: name)
        if !quiet { StandardStream.error.print("simile: \(count) vectors dropped from \(path)\n") }
    }
}
#endif
