// SPDX-License-Identifier: Apache-2.0

// Servers that do not keep to HTTP: connections that end, answers that drip or never come, bodies without end. Timeouts are
// those of the transport, so these tests take real time, a second at most each.

#if ModelHub
import FlyingFox
import Foundation
import HubTestSupport
import ModelHub
import Testing

@Suite struct MisbehaviorTests {
    private struct Broken: Error {}

    @Test func `a connection that ends in the middle of an answer is tried again`() async throws {
        let server = try await HubServer { request in
            request.number < 2
                ? HubReply.slow(count: 5000) { part in
                    if part == 0 { return Array(#"{"data":[{"index":0,"embed"#.utf8) }
                    throw Broken()
                } : HubReply.vectors(request)
        }
        let found = try await client(server.address).embed(["a"], model: "m")
        #expect(found.rows == [HubReply.vector("a")] && found.usage.retries == 2)
    }

    @Test func `an answer that drips is given up after the time of an attempt`() async throws {
        let server = try await HubServer { _ in
            HubReply.slow(count: 1 << 20) { _ in
                try await Task.sleep(for: .milliseconds(20))
                return [0x20]
            }
        }
        let clock = VirtualClock()
        let error = await failure {
            try await client(server.address, clock: clock) {
                $0.secondsPerAttempt = 0.3
                $0.attempts = 2
            }.embed(["a"], model: "m")
        }
        #expect(
            error?.code == .unavailable && error?.message.contains("300 ms") == true,
            "\(String(describing: error))"
        )
        // Tried twice, with one wait between; on a busy machine a try may be over before it has arrived.
        #expect(clock.now == .seconds(0.5) && server.requests.count <= 2)
    }

    @Test func `an answer that never comes is given up`() async throws {
        let server = try await HubServer { request in
            try await Task.sleep(for: .seconds(3600))
            return HubReply.vectors(request)
        }
        let error = await failure {
            try await client(server.address) {
                $0.secondsPerAttempt = 0.3
                $0.attempts = 1
            }.embed(["a"], model: "m")
        }
        #expect(error?.code == .unavailable)
    }

    @Test(arguments: [true, false])
    func `a body of ten gigabytes is not read`(isAnnounced: Bool) async throws {
        let block = [UInt8](repeating: 0x20, count: 1 << 16)
        let server = try await HubServer { _ in
            isAnnounced
                ? HubReply.slow(count: 10 << 30) { $0 < (10 << 30) / block.count ? block : nil }
                : HubReply.endless { _ in block }
        }
        let error = await failure { try await client(server.address) { $0.attempts = 1 }.embed(["a"], model: "m") }
        #expect(error?.message.contains("longer than the") == true, "\(String(describing: error))")
    }

    @Test func `nobody at the address is told after all attempts`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let address = server.address
        await server.stop()
        let clock = VirtualClock()
        let error = await failure { try await client(address, clock: clock).embed(["a"], model: "m") }
        #expect(error?.code == .unavailable && clock.now == .seconds(15.5), "\(String(describing: error))")
    }

    @Test func `a body that is no HTTP is an error, not a crash`() async throws {
        let server = try await HubServer { _ in
            HTTPResponse(statusCode: .ok, headers: [HTTPHeader("Content-Encoding"): "gzip"], body: Data("no gzip".utf8))
        }
        let error = await failure { try await client(server.address) { $0.attempts = 2 }.embed(["a"], model: "m") }
        #expect(error != nil)
    }
}
#endif
