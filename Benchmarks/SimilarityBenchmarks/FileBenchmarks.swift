// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Foundation
import Similarity
import VectorFiles

/// Opening vector files, with one look at every row. The files are in the page cache: this is the cost of the format.
func fileBenchmarks() {
    for ending in ["npy", "fvecs"] {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("simile-benchmark-\(ProcessInfo.processInfo.processIdentifier).\(ending)").path
        Benchmark("files/read/\(ending)/n=16384,d=384") { benchmark in
            for _ in benchmark.scaledIterations {
                blackHole(try VectorFile.read(path).statistics(workers: .single))
            }
        } setup: {
            try VectorFile.write(Workload.gaussian(16_384, 384, seed: 2), to: path)
        } teardown: {
            try FileManager.default.removeItem(atPath: path)
        }
    }
}
