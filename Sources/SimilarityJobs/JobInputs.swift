// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import VectorFiles

/// The inputs of a job, opened and held to what they were when it was planned.
struct JobInputs {
    let left: VectorMatrix
    let right: VectorMatrix
    /// The right side by its codes, if the input is a prepared corpus.
    let prepared: PreparedCorpus?
    /// Where the rows of the right side are; what a corpus is prepared from.
    let rightPath: String

    /// - Parameter isSampled: Whether the files are compared by a sample, and not by all of their bytes.
    init(_ job: Job, isSampled: Bool) throws {
        let (folder, manifest) = (job.folder, job.manifest)
        for input in [manifest.left] + [manifest.right].compactMap({ $0 }) + manifest.idFiles {
            try folder.require(input, isWhole: !isSampled)
        }
        let leftPath = folder.located(manifest.left)
        rightPath = manifest.right.map { folder.located($0) } ?? leftPath
        (right, prepared) = try Self.open(rightPath)
        left = rightPath == leftPath ? right : try Self.open(leftPath).rows
        guard left.rowCount == manifest.leftRows, right.rowCount == manifest.rightRows,
            left.dimension == manifest.dimension, right.dimension == manifest.dimension
        else { throw JobError(.changed, "\(leftPath) or \(rightPath) has other rows than when the job was planned") }
    }

    /// The rows of a file of vectors, or of a prepared corpus, and that corpus.
    static func open(_ path: String) throws -> (rows: VectorMatrix, prepared: PreparedCorpus?) {
        guard FileFormat(path: path) == .simile else { return (try VectorFile.read(path), nil) }
        let prepared = try PreparedCorpusFile.read(path)
        return (prepared.vectors, prepared)
    }

    var ids: ResultIDs { ResultIDs(queries: left.ids, corpus: right.ids) }
}
