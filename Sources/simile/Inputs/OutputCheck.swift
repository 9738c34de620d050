// SPDX-License-Identifier: Apache-2.0

internal import SimilarityJobs
internal import System
internal import VectorFiles

/// An output that is also an input is wrong usage: the input would be replaced by its own result.
enum OutputCheck {
    /// The same for a result of a search or a join, with its record.
    static func requireDistinct(result: String, from inputs: [String]) throws {
        try requireDistinct(ResultOutput.touchedPaths(result) + [RunRecord.path(of: result)], from: inputs)
    }

    /// - Parameters:
    ///   - touched: Every file that the output may replace or remove.
    ///   - inputs: Paths of the inputs; the ids beside them are inputs as well, and so is what a prepared corpus was made of.
    static func requireDistinct(_ touched: [String], from inputs: [String]) throws {
        let files = inputs + inputs.compactMap { PreparedCorpusReader.sourcePath(namedBy: $0) }
        for input in files.flatMap({ VectorFileWriter.readPaths($0) }) {
            guard let identity = FileIdentity(path: input.vectorFilePath) else { continue }
            if touched.contains(where: { FileIdentity(path: $0) == identity }) {
                throw CommandFailure.usage("--output would replace or remove the input \(input)")
            }
        }
    }

    /// The same for several outputs, which must not be one another either: the last one would be all that is left.
    ///
    /// - Parameter outputs: What is given for each option; every one may have ids and a record beside it.
    static func requireDistinct(outputs: [(option: String, path: String?)], from inputs: [String]) throws {
        var writers: [String: String] = [:]
        for (option, path) in outputs {
            guard let path else { continue }
            let touched = VectorFileWriter.touchedPaths(path) + [RunRecord.path(of: path)]
            for place in touched.map(Self.place) {
                if let other = writers[place], other != option {
                    throw CommandFailure.usage("\(other) and \(option) would both write \(place)")
                }
                writers[place] = option
            }
            try requireDistinct(touched, from: inputs)
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
