// SPDX-License-Identifier: Apache-2.0
//
// runWorkers, concurrentMap, concurrentFill: each index once, results in order, the error of the lowest index, at 1, 2,
// 3 and 5 workers and more workers than work. Nothing here sleeps or measures time.

import SimilarityKernels
import Synchronization
import System
import Testing
import VectorTestSupport

@Suite struct WorkerThreadTests {
    private struct Failure: Error, Equatable { let index: Int }

    @Test("every worker runs once", arguments: [0, 1, 2, 3, 5, 40])
    func workers(count: Int) {
        let seen = Mutex<[Int]>([])
        runWorkers(count) { index in seen.withLock { $0.append(index) } }
        #expect(seen.withLock { $0.sorted() } == Array(0..<max(count, 1)))
    }

    @Test("a map has its results in order and takes each index once", arguments: [1, 2, 3, 5], [0, 1, 2, 7, 1000])
    func map(workers: Int, count: Int) throws {
        let taken = Mutex([Int](repeating: 0, count: count))
        let squares = try concurrentMap(count: count, workers: workers) { index in
            taken.withLock { $0[index] += 1 }
            return index * index
        }
        #expect(squares == (0..<count).map { $0 * $0 })
        #expect(taken.withLock { $0 }.allSatisfy { $0 == 1 })
    }

    @Test("the error of the lowest failed index is thrown, and no work follows", arguments: [1, 2, 3, 5])
    func errors(workers: Int) {
        for first in [0, 1, 17, 999] {
            let calls = Atomic<Int>(0)
            #expect(throws: Failure(index: first)) {
                try concurrentMap(count: 1000, workers: workers) { index in
                    calls.wrappingAdd(1, ordering: .relaxed)
                    if index >= first { throw Failure(index: index) }
                }
            }
            #expect(calls.load(ordering: .relaxed) <= first + workers, "each worker may have one index in hand")
        }
    }

    @Test(
        "a fill gives each chunk its own zeroed part",
        arguments: [1, 2, 3, 5],
        [(0, 3, 4), (1, 1, 1), (7, 3, 2), (100, 5, 9), (4, 2, 50)]
    )
    func fill(workers: Int, shape: (rows: Int, width: Int, chunk: Int)) throws {
        let visits = Mutex([Int](repeating: 0, count: shape.rows))
        let block = try concurrentFill(
            rowCount: shape.rows,
            width: shape.width,
            rowsPerChunk: shape.chunk,
            workers: workers
        ) { rows, values in
            visits.withLock { visits in for row in rows { visits[row] += 1 } }
            #expect(values.count == rows.count * shape.width && rows.count <= shape.chunk)
            for i in 0..<values.count {
                #expect(values[i] == 0)
                values[i] = Float(rows.lowerBound * shape.width + i)
            }
        }
        #expect(block == (0..<shape.rows * shape.width).map { Float($0) })
        #expect(visits.withLock { $0 }.allSatisfy { $0 == 1 })
    }

    @Test("an error of a chunk comes out of the fill", arguments: [1, 3])
    func fillError(workers: Int) {
        #expect(throws: Failure(index: 4)) {
            _ = try concurrentFill(rowCount: 10, width: 2, rowsPerChunk: 2, workers: workers) { rows, _ in
                if rows.lowerBound >= 4 { throw Failure(index: rows.lowerBound) }
            }
        }
    }

    @Test("the processor count is that of the affinity mask, and a quota is at least one")
    func processors() {
        #expect(ProcessorCount.affinity >= 1)
        #expect(ProcessorCount.groupQuota.map { $0 >= 1 } ?? true)
    }
}
