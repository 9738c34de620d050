// SPDX-License-Identifier: Apache-2.0

internal import TextEncoder
internal import VectorFiles

// An option is obeyed or refused: one without effect hides a mistake, such as a model beside vectors of another one.

extension InputOptions {
    /// Refuses an option that has no effect on any of these inputs.
    ///
    /// - Parameter sources: Files, with the vectors of texts where they have been made already. None, for texts of the command line,
    ///   which have no names and are what models are for.
    func requireEffect(on sources: [(path: String, vectors: String?)], queryPrompt: String?) throws {
        guard !sources.isEmpty else { return try requireNoNames() }
        let names = sources.map { InputSpool.named($0.path) }.joined(separator: " and ")
        let isText = try sources.map { try kind(of: $0.path) == .texts }
        let isEmbedded = zip(isText, sources).contains { $0 && $1.vectors == nil }
        let modelOptions: [String?] = [
            model.map { "--model \($0)" }, onLong.map { "--on-long \($0.rawValue)" },
            precision.map { "--precision \($0.rawValue)" }, prompt.map { "--prompt \($0)" },
            queryPrompt.map { "--query-prompt \($0)" },
        ]
        if !isEmbedded, let option = modelOptions.compactMap({ $0 }).first {
            throw CommandFailure.usage(
                isText.contains(true)
                    ? "\(option) is for texts whose vectors are to be made, and those of \(names) are given; leave it out"
                    : "\(option) is for texts, and \(names) \(sources.count == 1 ? "holds" : "hold") vectors already; leave it out"
            )
        }
        if !isText.contains(true), let option = textOption {
            throw CommandFailure.usage(
                "\(option) is for texts, and \(names) \(sources.count == 1 ? "holds" : "hold") vectors; leave it out"
            )
        }
        let formats = sources.flatMap { [$0.path, $0.vectors].compactMap { $0.flatMap { FileFormat(path: $0) } } }
        if !formats.contains(where: { [.jsonl, .csv, .parquet].contains($0) }), let option = nameOption {
            throw CommandFailure.usage(
                "\(option) is for .jsonl, .csv and .parquet files, and \(names) is none; leave it out"
            )
        }
    }

    private func requireNoNames() throws {
        guard let option = textOption ?? nameOption else { return }
        throw CommandFailure.usage("\(option) is for files, and the texts are on the command line; leave it out")
    }

    /// The option that names texts in a file, if one is given.
    private var textOption: String? {
        textField.map { "--text-field \($0)" } ?? textColumn.map { "--text-column \($0)" }
    }

    /// The option that names something else in a file of records, if one is given.
    private var nameOption: String? {
        vectorField.map { "--vector-field \($0)" } ?? idField.map { "--id-field \($0)" }
            ?? idColumn.map { "--id-column \($0)" }
    }
}
