// SPDX-License-Identifier: Apache-2.0

// The Swift of "Coming from NumPy, FAISS and sentence-transformers", compiled and run; ReadmeTests holds that the page has these very lines.

import Similarity
import TextEncoder
import VectorFiles

struct ComingFromExamples {
    /// Where the files of the examples are made.
    let folder: String

    func search() throws -> Int? {
        let (corpusPath, queriesPath, resultPath) = (
            folder + "/corpus.npy", folder + "/queries.npy", folder + "/found.jsonl"
        )
        // begin search
        let corpus = try VectorFile.read(corpusPath)
        let queries = try VectorFile.read(queriesPath)
        let found = try corpus.nearest(to: queries, k: 10)
        let best = found[0].first?.row
        try NeighborFile(path: resultPath).write(found)
        // end search
        return best
    }

    func duplicates(_ corpus: VectorMatrix) throws -> [Int] {
        // begin duplicates
        let pairs = try corpus.selfJoin(threshold: 0.95)
        let kept = try pairs.removingDuplicates().kept
        // end duplicates
        return kept
    }

    func matrix(_ corpus: VectorMatrix) throws -> Float {
        // begin matrix
        let cosines = try corpus[0..<3].similarityMatrix()
        let value = cosines[0, 1]
        // end matrix
        return value
    }

    func clusters(_ corpus: VectorMatrix) throws -> [Int?] {
        // begin clusters
        let clustering = try corpus.clusters(3, metric: .euclidean)
        let labels = clustering.labels
        // end clusters
        return labels
    }

    func texts(_ modelFolder: String) throws -> Int? {
        // begin texts
        let encoder = try SentenceEncoder(folder: modelFolder)
        let sentences = try encoder.encode(["A cat sleeps.", "The stock fell.", "A dog naps."]).vectors
        let likeFirst = try sentences.selfNearest(k: 1)[0].first?.row
        // end texts
        return likeFirst
    }
}
