// SPDX-License-Identifier: Apache-2.0
//
// Requests that arrive together: every one gets its own outputs in order, small ones pass large ones, and what is too much, too late or
// faulty is told to whom it concerns.

import Dispatch
import Foundation
import SimilarityServer
import Synchronization
import Testing

@Suite struct BatchQueueTests {
    /// The sizes of rounds, and a gate that holds the work.
    private final class Log: Sendable {
        private let state = Mutex<[[Int]]>([])
        var rounds: [[Int]] { state.withLock { $0 } }
        func add(_ items: [Int]) { state.withLock { $0.append(items) } }
    }

    /// Not on the threads that all tests share: requests wait.
    private func onThread(_ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
        group.enter()
        Thread.detachNewThread {
            body()
            group.leave()
        }
    }

    @Test func `every request gets its own outputs, from any number of threads`() {
        let queue = BatchQueue<Int, Int>(limit: 1 << 20, roundLimit: 64, share: 8) { $0.map { $0 * 3 } }
        let group = DispatchGroup()
        for i in 0..<100 {
            onThread(group) {
                let items = Array(i * 100..<i * 100 + i % 37)
                let found = try? queue.outputs(of: items, within: .seconds(30))
                #expect(found == items.map { $0 * 3 })
            }
        }
        group.wait()
        #expect(queue.itemCount == 0)
        queue.stop()
        #expect(throws: ServiceError.stopping) { try queue.outputs(of: [1], within: .seconds(1)) }
    }

    @Test func `what comes while a round is worked on is one round, and a large request shares it`() {
        let log = Log()
        let (gate, begun) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let queue = BatchQueue<Int, Int>(limit: 1000, roundLimit: 20, share: 8) { items in
            log.add(items)
            begun.signal()
            gate.wait()
            return items
        }
        let group = DispatchGroup()
        func ask(_ items: [Int]) {
            onThread(group) { #expect((try? queue.outputs(of: items, within: .seconds(30))) == items) }
        }
        ask([0])
        begun.wait()
        // The large one first, then small ones.
        ask(Array(100..<130))
        while queue.itemCount < 31 { usleep(500) }
        for i in 1...5 { ask([i]) }
        while queue.itemCount < 36 { usleep(500) }
        for _ in 0..<8 { gate.signal() }
        group.wait()
        // Eight of the large one, and all of the small ones with it.
        #expect(log.rounds[1].prefix(8).elementsEqual(100..<108) && Set(log.rounds[1]).isSuperset(of: 1...5))
        #expect(log.rounds.dropFirst().flatMap { $0 }.filter { $0 >= 100 } == Array(100..<130))
        queue.stop()
    }

    @Test func `too much is told at once, too late is given up, and its place is free again`() {
        let (gate, begun) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let queue = BatchQueue<Int, Int>(limit: 10, roundLimit: 4, share: 4) { items in
            begun.signal()
            gate.wait()
            return items
        }
        onThread(DispatchGroup()) { _ = try? queue.outputs(of: [1, 2, 3], within: .seconds(30)) }
        begun.wait()
        #expect(throws: ServiceError.busy) { try queue.outputs(of: Array(0..<8), within: .seconds(1)) }
        #expect(throws: ServiceError.late(.milliseconds(50))) {
            try queue.outputs(of: Array(0..<7), within: .milliseconds(50))
        }
        #expect(queue.itemCount == 3)
        gate.signal()
        while queue.itemCount > 0 { usleep(500) }
        // One that is larger than the limit is taken when nothing waits.
        for _ in 0..<5 { gate.signal() }
        #expect((try? queue.outputs(of: Array(0..<20), within: .seconds(30))) == Array(0..<20))
        queue.stop()
    }

    @Test func `what waits when the queue is stopped is told so, and what is worked on is done`() {
        let (gate, begun, group) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchGroup())
        let queue = BatchQueue<Int, Int>(limit: 100, roundLimit: 4, share: 4) { items in
            begun.signal()
            gate.wait()
            return items
        }
        onThread(group) { #expect((try? queue.outputs(of: [1, 2], within: .seconds(30))) == [1, 2]) }
        begun.wait()
        for count in [3, 9] {
            onThread(group) {
                #expect(throws: ServiceError.stopping) {
                    try queue.outputs(of: Array(0..<count), within: .seconds(30))
                }
            }
        }
        while queue.itemCount < 14 { usleep(500) }
        queue.stop()
        #expect(queue.itemCount == 2)
        gate.signal()
        group.wait()
        #expect(queue.itemCount == 0)
    }

    @Test func `an error goes to those of its round, and later ones are served`() {
        struct Fault: Error {}
        let queue = BatchQueue<Int, Int>(limit: 100, roundLimit: 4, share: 4) { items in
            if items.contains(13) { throw Fault() }
            return items
        }
        #expect(throws: Fault.self) { try queue.outputs(of: Array(10..<30), within: .seconds(30)) }
        #expect(queue.itemCount == 0)
        #expect((try? queue.outputs(of: [1, 2], within: .seconds(30))) == [1, 2])
        queue.stop()
    }
}
