// SPDX-License-Identifier: Apache-2.0
//
// Results written with the ids of a test's choice.

import Similarity
import VectorFiles

extension NeighborFile {
    func write(_ found: NearestNeighbors, ids: ResultIDs, check: (Int) throws -> Void = { _ in }) throws {
        try write(found.named(queries: ids.queries, corpus: ids.corpus), check: check)
    }
}

extension PairFile {
    func write(_ join: Join, ids: ResultIDs, check: (Int) throws -> Void = { _ in }) throws {
        try write(parts: [join.count], of: { _ in join.pairs }, metric: join.metric, ids: ids, check: check)
    }

    func write(_ join: SelfJoin, ids: ResultIDs, check: (Int) throws -> Void = { _ in }) throws {
        try write(Join(join), ids: ids, check: check)
    }
}
