// SPDX-License-Identifier: Apache-2.0

internal import System
internal import VectorFiles

/// An output that a command is asked for, with all that writing it may replace or remove: parts, ids and the record beside it.
struct PlannedOutput {
    private let option: String
    private let touched: [String]

    private init(_ option: String, _ path: String?, _ touched: (String) -> [String]) {
        self.option = option
        self.touched = path.map { touched($0) + [RunRecord.path(of: $0)] } ?? []
    }

    /// Neighbors or pairs.
    static func result(_ path: String?) -> PlannedOutput {
        PlannedOutput("--output", path, ResultOutput.touchedPaths)
    }

    /// Vectors, or a file of another kind that may be in their place.
    static func vectors(_ option: String, _ path: String?) -> PlannedOutput {
        PlannedOutput(option, path, VectorFileWriter.touchedPaths)
    }

    /// One file.
    static func file(_ option: String, _ path: String?) -> PlannedOutput { PlannedOutput(option, path) { [$0] } }

    /// Refuses outputs that are inputs, which would be replaced by their own results, or one another, of which the last would be all that is left.
    ///
    /// - Parameter inputs: Paths of the inputs; the ids beside them are inputs as well, and so is what a prepared corpus was made of.
    static func requireDistinct(_ outputs: [PlannedOutput], from inputs: [String]) throws {
        var writers: [String: String] = [:]
        for output in outputs {
            for place in output.touched.map(place) {
                if let other = writers[place], other != output.option {
                    throw CommandFailure.usage("\(other) and \(output.option) would both write \(place)")
                }
                writers[place] = output.option
            }
        }
        let touched = outputs.flatMap(\.touched)
        let files = inputs + inputs.compactMap { PreparedCorpusReader.sourcePath(namedBy: $0) }
        for input in files.flatMap({ VectorFileWriter.readPaths($0) }) {
            guard let identity = FileIdentity(path: input.vectorFilePath) else { continue }
            if touched.contains(where: { FileIdentity(path: $0) == identity }) {
                throw CommandFailure.usage("--output would replace or remove the input \(input)")
            }
        }
    }

    /// A path in the one form that it has with all links of its folder resolved, whether or not there is a file.
    private static func place(_ path: String) -> String {
        if FileIdentity(path: path) != nil { return FileIdentity.resolved(path) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let folder = path.contains("/") ? String(path.dropLast(name.count)) : "."
        return FileIdentity.resolved(folder.isEmpty ? "/" : folder) + "/" + name
    }
}
