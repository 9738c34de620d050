// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
internal import Similarity
public import TextEncoder
internal import VectorFiles

/// How input files are read.
struct InputOptions: ParsableArguments {
    @Option(
        help: """
            Model that makes vectors of texts: a name in the model folder, the path of a folder, or hub:MODEL_ID for a model \
            of the Model Hub. "static" comes with simile. (default: \(ModelLocation.defaultModel), or static where that is not there)
            """
    )
    var model: String?

    @Option(
        help: """
            Format of inputs whose names do not tell it, such as standard input (-) and pipes: txt, jsonl, csv, npy, \
            parquet, simile or another. (default: told by the first bytes)
            """
    )
    var inputFormat: FileFormat?

    @Option(help: "Field of a .jsonl file, or column of a .parquet file, that holds the text. (default: text)")
    var textField: String?

    @Option(help: "Field of a .jsonl file, or column of a .parquet file, that holds the id. (default: id, if present)")
    var idField: String?

    @Option(help: "Column of a .csv file that holds the text. (default: text)")
    var textColumn: String?

    @Option(help: "Column of a .csv file that holds the id. (default: id, if present)")
    var idColumn: String?

    @Option(
        help:
            "Field of a .jsonl file, or column of a .csv or .parquet file, that holds vectors: such a file is not one of texts. (default: embedding)"
    )
    var vectorField: String?

    @Option(
        help: """
            What to do with a text that is longer than the local model reads: cut it and say so (truncate), or refuse it. \
            (default: truncate)
            """
    )
    var onLong: LongTexts?

    @Option(
        help: """
            What the local model's layers are computed in: float32, or int8, which is two and a half times as fast on processors with AVX-512 \
            and gives vectors that are a little off (cosine 0.999). (default: float32)
            """
    )
    var precision: EncoderPrecision?

    @Option(
        help: """
            What is put before every text: a name of the model's prompts, such as passage, or the words themselves. (default: what the model says)
            """
    )
    var prompt: String?

    // Last here, and this group last in every command: in `--help` the hub comes after everything else.
    @OptionGroup var hub: HubOptions

    mutating func validate() throws {
        guard let hubModel else {
            if let option = hub.given {
                throw ValidationError("\(option) is for models of the hub (--model \(HubOptions.prefix)MODEL_ID)")
            }
            return
        }
        if let precision {
            throw ValidationError("--precision \(precision.rawValue) is for local models; a hub computes in its own")
        }
        if hubModel.isEmpty {
            throw ValidationError("'\(HubOptions.prefix)': expected the id of a model after '\(HubOptions.prefix)'")
        }
        #if !ModelHub
        throw ValidationError("'\(HubOptions.prefix)\(hubModel)': this build was made without the trait ModelHub")
        #endif
    }

    /// The id of a model of the hub; nil for a local one.
    var hubModel: String? {
        guard let model, model.hasPrefix(HubOptions.prefix) else { return nil }
        return String(model.dropFirst(HubOptions.prefix.count))
    }

    /// The model that makes vectors, for a record.
    var modelName: String {
        get throws {
            if hubModel != nil { return model ?? "" }
            let name = try Environment.localModel(model).name
            return precision == .int8 ? "\(name) (int8)" : name
        }
    }

    /// The path to read in the place of an input that is given.
    func resolved(_ path: String) throws -> String { try InputSpool.resolve(path, format: inputFormat) }

    /// The vectors of a file that holds some.
    func vectors(of path: String) throws -> VectorMatrix {
        let id = FileFormat(path: path) == .csv ? idColumn : idField
        return try VectorFile.read(path, vectorField: vectorField ?? Self.usualVectorField, idField: id)
    }

    private static let usualVectorField = "embedding"

    /// The names of what is read of a file of texts.
    ///
    /// - Throws: ``CommandFailure`` for the name of a field of the other kind of file, which would have no effect.
    func fields(of path: String) throws -> TextFile.Fields {
        let isCSV = FileFormat(path: path) == .csv
        if FileFormat(path: path) == .txt,
            let name = [textField, idField, textColumn, idColumn].compactMap({ $0 }).first
        {
            throw CommandFailure.usage("\(path) has neither fields nor columns: '\(name)' cannot be one of them")
        }
        if isCSV ? textField != nil && textColumn == nil : textColumn != nil && textField == nil {
            throw CommandFailure.usage(
                isCSV
                    ? "--text-field is for .jsonl files, and \(path) is a .csv file; expected --text-column"
                    : "--text-column is for .csv files, and \(path) is none; expected --text-field"
            )
        }
        if isCSV ? idField != nil && idColumn == nil : idColumn != nil && idField == nil {
            throw CommandFailure.usage(
                isCSV
                    ? "--id-field is for .jsonl files, and \(path) is a .csv file; expected --id-column"
                    : "--id-column is for .csv files, and \(path) is none; expected --id-field"
            )
        }
        return isCSV
            ? TextFile.Fields(text: textColumn ?? "text", id: idColumn)
            : TextFile.Fields(text: textField ?? "text", id: idField)
    }

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
        let field = vectorField ?? Self.usualVectorField
        switch format {
        case .jsonl where textField == nil && textColumn == nil:
            if try TextFile.holdsVectors(path, field: field) { return .vectors }
        case .parquet where textField == nil:
            if try ParquetVectors.holdsVectors(path, column: field) { return .vectors }
        case .csv where textColumn == nil && textField == nil:
            if try CSVVectors.holdsVectors(path, column: field) { return .vectors }
        default: break
        }
        guard let vectorField else { return .texts }
        throw CommandFailure.refused(
            "\(path): expected vectors in \"\(vectorField)\" (--vector-field), found none in the first record"
        )
    }
}

extension FileFormat: ExpressibleByArgument {}

extension EncoderPrecision: ExpressibleByArgument {}

/// What is done with a text that is longer than the model reads.
enum LongTexts: String, CaseIterable, ExpressibleByArgument {
    case truncate, refuse
}

/// What an input file holds.
enum InputKind {
    case vectors, texts, prepared
}
