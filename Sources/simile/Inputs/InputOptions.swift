// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import TextEncoder
internal import VectorFiles

/// How input files are read.
struct InputOptions: ParsableArguments {
    @Option(help: "Model that makes vectors of texts: a name in the model folder, or the path of a folder.")
    var model: String = ModelLocation.defaultModel

    @Option(help: "Field of a .jsonl file that holds the text. (default: text)")
    var textField: String?

    @Option(help: "Field of a .jsonl file that holds the id. (default: id, if present)")
    var idField: String?

    @Option(help: "Field of a .jsonl file that would hold a vector.")
    var vectorField: String = "embedding"

    mutating func validate() throws {
        if model.hasPrefix("hub:") { throw ValidationError("'\(model)': hub models are not in this version") }
    }

    var fields: TextFile.Fields { TextFile.Fields(text: textField ?? "text", id: idField) }

    /// Whether a file holds texts, vectors or a prepared corpus, by its ending and, for `.jsonl`, its first object.
    func kind(of path: String) throws -> InputKind {
        guard let format = FileFormat(path: path) else {
            let known = (FileFormat.vectors + [.simile] + FileFormat.texts).map { ".\($0.rawValue)" }.joined(
                separator: ", "
            )
            throw CommandFailure.usage("\(path): unknown ending; expected one of \(known)")
        }
        if format == .simile { return .prepared }
        if FileFormat.vectors.contains(format) { return .vectors }
        guard FileFormat.texts.contains(format) else {
            throw CommandFailure.usage("\(path): .\(format.rawValue) files are not read in this version")
        }
        if format == .jsonl, textField == nil, try TextFile.holdsVectors(path, field: vectorField) {
            throw CommandFailure.usage(
                "\(path): vectors in .jsonl files (field \"\(vectorField)\") are not read in this version; "
                    + "--text-field names a field of texts"
            )
        }
        return .texts
    }
}

/// What an input file holds.
enum InputKind {
    case vectors, texts, prepared
}
