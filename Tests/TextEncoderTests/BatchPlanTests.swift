// SPDX-License-Identifier: Apache-2.0

// Batches as a pure function of token counts.

import Testing
import TextEncoder

@Suite struct BatchPlanTests {
    @Test func textsAreTakenByLengthAndTiesInOrder() {
        #expect(BatchPlan(tokenCounts: [3, 5, 3, 9], tokenBudget: 8).batches == [[3], [1, 0], [2]])
        #expect(BatchPlan(tokenCounts: [2, 2, 2, 2], tokenBudget: 4).batches == [[0, 1], [2, 3]])
    }

    @Test func noTextsMakeNoBatches() {
        #expect(BatchPlan(tokenCounts: []).batches.isEmpty)
    }

    @Test func everyTextIsInOneBatchAndNoBatchIsOverTheBudget() {
        var numbers = RepeatableNumbers(seed: 2)
        let counts = (0..<1_000).map { _ in Int.random(in: 2...300, using: &numbers) }
        let plan = BatchPlan(tokenCounts: counts, tokenBudget: 256)
        #expect(plan.batches.joined().sorted() == Array(counts.indices))
        for batch in plan.batches { #expect(batch.count == 1 || batch.reduce(0) { $0 + counts[$1] } <= 256) }
    }
}
