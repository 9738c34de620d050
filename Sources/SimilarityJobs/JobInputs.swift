// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

/// The inputs of a job, opened and held to what they were when it was planned.
struct JobInputs {
    let left: VectorMatrix
    let right: VectorMatrix
    /// The right side by its codes, if the input is a prepared corpus.
    let prepared: PreparedCorpus?
    /// Where the rows of the right side are; what a corpus is prepared from.
    let rightPath: String
    private let watch: InputWatch

    /// - Parameters:
    ///   - isSampled: Whether the files are compared by a sample, and not by all of their bytes.
    ///   - withIDs: Whether ids are read, too, which only results need.
    init(_ job: Job, isSampled: Bool, withIDs: Bool = false) throws {
        let (folder, manifest) = (job.folder, job.manifest)
        watch = InputWatch(folder, [manifest.left] + [manifest.right].compactMap { $0 } + manifest.idFiles)
        try watch.require(isWhole: !isSampled)
        let leftPath = folder.located(manifest.left)
        rightPath = manifest.right.map { folder.located($0) } ?? leftPath
        (right, prepared) = try Self.open(rightPath, withIDs: withIDs)
        left = rightPath == leftPath ? right : try Self.open(leftPath, withIDs: withIDs).rows
        guard left.rowCount == manifest.leftRows, right.rowCount == manifest.rightRows,
            left.dimension == manifest.dimension, right.dimension == manifest.dimension
        else { throw JobError(.changed, "\(leftPath) or \(rightPath) has other rows than when the job was planned") }
    }

    /// What `body` makes of the inputs, if none of them was touched meanwhile. One that was touched, and is what it was, costs another
    /// round; one that is not is an error, and what was made of it is lost.
    ///
    /// - Throws: ``JobError`` of the code `changed`, or what `body` throws.
    func unchanged<T>(_ body: () throws -> T) throws -> T {
        for _ in 0..<8 {
            let result = try body()
            if try watch.isUntouched() { return result }
        }
        throw JobError(.changed, "\(rightPath) is written to again and again; expected inputs that stay as they are")
    }

    /// The rows of a file of vectors, or of a prepared corpus, and that corpus.
    static func open(_ path: String, withIDs: Bool) throws -> (rows: VectorMatrix, prepared: PreparedCorpus?) {
        guard FileFormat(path: path) == .simile else {
            return (try withIDs ? VectorFile.read(path) : VectorFile.rows(path), nil)
        }
        let prepared = try PreparedCorpusReader(path).corpus(withIDs: withIDs)
        return (prepared.vectors, prepared)
    }

    var ids: ResultIDs { ResultIDs(queries: left.ids, corpus: right.ids) }
}

/// Looks whether the inputs of a job are touched.
private final class InputWatch {
    private let folder: JobFolder
    private let inputs: [JobInput]
    /// The files as they were when they were last held to what was planned.
    private var marks: [FileMark?] = []

    init(_ folder: JobFolder, _ inputs: [JobInput]) {
        self.folder = folder
        self.inputs = inputs
    }

    /// Refuses files that are not what was planned.
    func require(isWhole: Bool) throws {
        // First the marks: what happens while the files are read is seen later.
        marks = now
        for input in inputs { try folder.require(input, isWhole: isWhole) }
    }

    /// Whether nobody has touched the files since they were last looked at. Files that somebody has touched are held to what was planned,
    /// byte by byte.
    func isUntouched() throws -> Bool {
        if now == marks { return true }
        try require(isWhole: true)
        return false
    }

    private var now: [FileMark?] { inputs.map { FileMark(path: folder.located($0).vectorFilePath) } }
}
