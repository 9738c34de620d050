// SPDX-License-Identifier: Apache-2.0

internal import SimilarityJobs
internal import SimilarityKernels
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
}
