// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Similarity

/// The tile walk of searches: batches of several heights, and a corpus against itself.
func searchBenchmarks() {
    let engines: [Engine] = [.auto] + filteringEngines
    let shapes = [(1, 32_768, 384), (16, 32_768, 384), (256, 16_384, 384), (1024, 8192, 384), (256, 8192, 1024)]
    for (name, make) in [("gaussian", Workload.gaussian), ("structured", Workload.structured)] {
        for (m, n, d) in shapes {
            for engine in engines {
                Benchmark("search/\(name)/\(engine)/m=\(m),n=\(n),d=\(d),k=10") { benchmark, sets in
                    for _ in benchmark.scaledIterations {
                        blackHole(try sets.1.nearest(to: sets.0, k: 10, options: .single(engine)))
                    }
                } setup: {
                    (make(m, d, 1), make(n, d, 2))
                }
            }
        }
        for engine in engines {
            Benchmark("search-self/\(name)/\(engine)/n=4096,d=384,k=10") { benchmark, rows in
                for _ in benchmark.scaledIterations {
                    blackHole(try rows.nearest(to: rows, k: 10, excludingSelf: true, options: .single(engine)))
                }
            } setup: {
                make(4096, 384, 2)
            }
        }
    }
    for metric in Metric.allCases {
        Benchmark("search/metric=\(metric)/auto/m=256,n=16384,d=384,k=10") { benchmark, sets in
            for _ in benchmark.scaledIterations {
                blackHole(try sets.1.nearest(to: sets.0, k: 10, metric: metric, options: .single(.auto)))
            }
        } setup: {
            (Workload.structured(256, 384, seed: 1), Workload.structured(16_384, 384, seed: 2))
        }
    }
    // All workers: what sharing the walk costs and gains.
    Benchmark("search/structured/auto/all-workers/m=1024,n=16384,d=384,k=10") { benchmark, sets in
        for _ in benchmark.scaledIterations { blackHole(try sets.1.nearest(to: sets.0, k: 10)) }
    } setup: {
        (Workload.structured(1024, 384, seed: 1), Workload.structured(16_384, 384, seed: 2))
    }
}
