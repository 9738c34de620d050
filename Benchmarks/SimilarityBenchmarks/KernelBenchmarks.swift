// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Similarity

/// Kernels, as far as one can get at them from here: they have `package` access, which ends at the border of a package, so
/// each is called through the public operation and the shape that leave little else to do.
///
/// | benchmark | nearly all of the time is |
/// |---|---|
/// | `filter` | the product of tiles and the scan for a threshold: no pair reaches the threshold |
/// | `verdict` | the canonical score: every pair reaches it |
/// | `row` | the product of one query with every row, which streams the corpus |
/// | `norms` | norms and validity of rows |
/// | `dense` | the product of tiles and the normalization of scores |
func kernelBenchmarks() {
    for (m, n, d) in [(512, 4096, 128), (512, 4096, 384), (512, 4096, 1024), (512, 4096, 383)] {
        for engine in filteringEngines {
            Benchmark("kernel/filter/\(engine)/m=\(m),n=\(n),d=\(d)") { benchmark, sets in
                for _ in benchmark.scaledIterations {
                    blackHole(try sets.0.join(sets.1, threshold: 2, options: .single(engine)))
                }
            } setup: {
                (Workload.gaussian(m, d, seed: 1), Workload.gaussian(n, d, seed: 2))
            }
        }
    }
    for d in [128, 384, 1024] {
        for engine in Engine.available {
            Benchmark("kernel/verdict/\(engine)/m=128,n=1024,d=\(d)") { benchmark, sets in
                for _ in benchmark.scaledIterations {
                    blackHole(try sets.0.join(sets.1, threshold: -1, options: .single(engine)))
                }
            } setup: {
                (Workload.gaussian(128, d, seed: 1), Workload.gaussian(1024, d, seed: 2))
            }
        }
        for engine in filteringEngines {
            Benchmark("kernel/row/\(engine)/m=1,n=16384,d=\(d),k=1") { benchmark, sets in
                for _ in benchmark.scaledIterations {
                    blackHole(try sets.1.nearest(to: sets.0, k: 1, options: .single(engine)))
                }
            } setup: {
                (Workload.gaussian(1, d, seed: 1), Workload.gaussian(16_384, d, seed: 2))
            }
        }
        Benchmark("kernel/norms/n=16384,d=\(d)") { benchmark, rows in
            for _ in benchmark.scaledIterations { blackHole(try rows.statistics(workers: .single)) }
        } setup: {
            Workload.gaussian(16_384, d, seed: 2)
        }
    }
    for engine in filteringEngines {
        Benchmark("kernel/dense/\(engine)/n=1024,d=384") { benchmark, rows in
            for _ in benchmark.scaledIterations {
                blackHole(try rows.similarityMatrix(options: .single(engine)))
            }
        } setup: {
            Workload.gaussian(1024, 384, seed: 2)
        }
    }
}
