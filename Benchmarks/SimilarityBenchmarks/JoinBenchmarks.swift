// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Similarity

/// The tile walk of joins, with few pairs (of 6,144 rows some tens) and with many (nearly 300,000).
func joinBenchmarks() {
    for (name, threshold) in [("few", Float(0.8)), ("many", Float(0.6))] {
        for engine in [.auto] + filteringEngines {
            Benchmark("join-self/structured,\(name)/\(engine)/n=6144,d=384") { benchmark, rows in
                for _ in benchmark.scaledIterations {
                    blackHole(try rows.selfJoin(threshold: threshold, options: .single(engine)))
                }
            } setup: {
                Workload.structured(6144, 384, seed: 2)
            }
            Benchmark("join/structured,\(name)/\(engine)/m=512,n=16384,d=384") { benchmark, sets in
                for _ in benchmark.scaledIterations {
                    blackHole(try sets.0.join(sets.1, threshold: threshold, options: .single(engine)))
                }
            } setup: {
                (Workload.structured(512, 384, seed: 1), Workload.structured(16_384, 384, seed: 2))
            }
        }
    }
}
