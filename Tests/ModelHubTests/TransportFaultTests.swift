// SPDX-License-Identifier: Apache-2.0

// What goes wrong on the wire: servers that speak no HTTP or break it, names and proxies that are not there, calls that are
// cancelled at every stage. Each is an error that names the address and not the token; nothing hangs, nothing stays open.

#if ModelHub
import Foundation
import HubTestSupport
import ModelHub
import Synchronization
import Testing

@Suite struct TransportFaultTests {
    /// What a call says that must fail, after one attempt.
    private func fault(
        _ address: String,
        _ change: (inout HubConfiguration) -> Void = { _ in }
    ) async throws -> String {
        let error = await failure {
            try await client(address) {
                $0.attempts = 1
                change(&$0)
            }.embed(["a"], model: "m")
        }
        let text = "\(try #require(error))"
        #expect(!text.contains("secret"), "\(text)")
        return text
    }

    @Test(arguments: [
        ("hello\n", "does not keep to HTTP"), ("SSH-2.0-OpenSSH_9.2\r\n", "does not keep to HTTP"),
        ("", "closed the connection"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"data\":[", "closed the connection"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\"data\":[]}", "not valid JSON"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{\"da", "closed the connection"),
        ("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}", "does not keep to HTTP"),
        (
            "HTTP/1.1 200 OK\r\n" + String(repeating: "x-header: 0123456789\r\n", count: 10_000) + "\r\n{}",
            "sends headers without end"
        ),
    ])
    func `a server that breaks HTTP is named with what it did`(answer: String, message: String) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(answer)
        }
        let text = try await fault(server.address)
        #expect(text.contains(message), "\(text)")
        #expect(message == "not valid JSON" || text.contains("http://\(server.host)"), "\(text)")
    }

    @Test func `a header without end is not read to it`() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nx: ")
            while connection.write(String(repeating: "a", count: 1 << 16)) {}
        }
        let text = try await fault(server.address)
        #expect(text.contains("http://\(server.host)"), "\(text)")
    }

    @Test func `a bomb is neither inflated nor received beyond the limit`() async throws {
        let bomb = try Shell.output("head -c 67108864 /dev/zero | gzip -9")
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
            connection.write(bomb)
        }
        #expect(try await fault(server.address).contains("is longer than the"))
        // Members of gzip without anything in them: much is received and nothing comes of it.
        let empty = try Shell.output("gzip -n </dev/null")
        let endless = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
            let block = Data((0..<4096).flatMap { _ in empty })
            while connection.write(block) {}
        }
        let text = try await fault(endless.address)
        #expect(text.contains("is longer than the") || text.contains("does not keep to HTTP"), "\(text)")
    }

    @Test func `a name that nobody knows is told at once, not after six attempts`() async throws {
        let clock = VirtualClock()
        let error = await failure {
            try await client("https://no-such-host.invalid/v1", clock: clock).embed(["a"], model: "m")
        }
        #expect(error?.code == .unavailable && clock.now == .zero)
        #expect(error?.message.contains("https://no-such-host.invalid") == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        "http://user:pass-word@127.0.0.1:1", "http://user:pass-word@no-such-proxy.invalid:3128",
        "nothing://user:pass-word@proxy:1", "socks5://127.0.0.1:1",
    ])
    func `a proxy that is not there is told without its password`(proxy: String) async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let text = try await fault(server.address) { $0.proxy = .address(proxy) }
        #expect(text.contains(server.address.dropLast(3)) && !text.contains("pass-word"), "\(text)")
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [
        ("http://example.com/v1", false), ("http://10.0.0.1/v1", false), ("http://127.0.0.1.example.com/v1", false),
        ("http://localhost.example.com/v1", false), ("https://example.com/v1", true), ("http://localhost/v1", true),
        ("http://127.1.2.3:80/v1", true), ("http://[::1]:8080/v1", true), ("http://hub.localhost/v1", true),
    ])
    func `the token goes over plain http to this machine alone`(address: String, isFine: Bool) async throws {
        #expect((await failure { try client(address) } == nil) == isFine)
        #expect(await failure { try client(address) { $0.allowsUnencryptedToken = true } } == nil)
        #expect(await failure { try client(address) { $0.token = nil } } == nil)
    }

    @Test func `a connection that was kept and is closed counts as a request that failed`() async throws {
        let requests = Mutex<[String]>([])
        let server = try RawServer { connection in
            var isFirst = true
            while let request = connection.readRequest() {
                requests.withLock { $0.append(request) }
                // The second request of the first connection is read, and the connection closed without a word.
                if connection.number == 0, !isFirst { return }
                isFirst = false
                let body = #"{"data":[{"index":0,"embedding":[1,2]}]}"#
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
        let found = try await client(server.address) {
            $0.textsPerRequest = 1
            $0.requestsInFlight = 1
        }.embed(["a", "b", "c"], model: "m")
        #expect(found.usage.requests == requests.withLock { $0.count } && found.usage.requests == 4)
        #expect(found.usage.retries == 1)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data"])
    func `a call is cancelled while it waits for each part of the answer`(part: String) async throws {
        let arrived = AsyncStream<Void>.makeStream()
        let gone = AsyncStream<Void>.makeStream()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(part)
            arrived.continuation.yield()
            connection.waitForEnd()
            gone.continuation.yield()
        }
        let hub = try client(server.address)
        let task = Task { try await hub.embed(["a"], model: "m") }
        for await _ in arrived.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // The connection is closed, not kept with half an answer in it.
        for await _ in gone.stream { break }
        #expect(server.connectionCount == 1)
    }

    @Test func `a call that was cancelled before it began sends nothing`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let hub = try client(server.address)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await hub.models()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.requests.isEmpty)
    }

    @Test func `64 clients at once each get their own vectors`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let texts = (0..<5).map { "text \($0) of \(number)" }
                    let hub = try client(server.address) { $0.textsPerRequest = 1 }
                    return try await hub.embed(texts, model: "m").rows == texts.map { HubReply.vector($0) }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(server.requests.count == 320)
    }

    // A process of its own: other tests open and close what is counted here.
    @Test func `no descriptor and no thread is left behind, and none is there before the first request`() async {
        await #expect(processExitsWith: .success) {
            // How many slow answers need not come any more: the server would keep their connections.
            let given = Mutex(0)
            let server = try await HubServer { request in
                if request.texts.contains("slow") {
                    while given.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(5)) }
                    given.withLock { $0 -= 1 }
                }
                return HubReply.vectors(request)
            }
            // The server closes its ends when it has seen that ours are closed.
            func settled(_ limit: Int) async throws -> OpenHandles {
                var last = try OpenHandles()
                for _ in 0..<200 {
                    try await Task.sleep(for: .milliseconds(25))
                    let now = try OpenHandles()
                    if now.threads == 0, now.descriptors == last.descriptors, now.descriptors <= limit { return now }
                    last = now
                }
                return last
            }
            func round() async throws {
                let before = try await settled(.max)
                let hub = try client(server.address) { $0.textsPerRequest = 1 }
                try await settled(before.descriptors).expect(
                    before.descriptors,
                    threads: 0,
                    "a client that has sent nothing"
                )
                _ = try await hub.embed(["a", "b", "c"], model: "m")
                try OpenHandles().expect(nil, threads: 1, "a client that has been answered")
                let slowBefore = server.texts.count { $0 == "slow" }
                let task = Task { try await hub.embed(["slow"], model: "m") }
                while server.texts.count(where: { $0 == "slow" }) == slowBefore {
                    try await Task.sleep(for: .milliseconds(1))
                }
                task.cancel()
                _ = await task.result
                given.withLock { $0 += 1 }
                _ = await failure {
                    try await client("http://127.0.0.1:1/v1") { $0.attempts = 1 }.embed(["a"], model: "m")
                }
            }
            try await round()
            // What the server and the runtime have opened for good.
            let first = try await settled(.max)
            for _ in 0..<10 { try await round() }
            try await settled(first.descriptors).expect(first.descriptors, threads: 0, "after ten rounds")
        }
    }
}

/// Open descriptors of the process and threads of clients in it.
private struct OpenHandles {
    let descriptors: Int
    let threads: Int

    init() throws {
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter {
            (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)) == "simile-http\n"
        }.count
    }

    func expect(_ descriptors: Int?, threads: Int, _ place: String) throws {
        guard self.descriptors <= descriptors ?? .max, threads == self.threads else {
            let message =
                "\(place): expected at most \(descriptors ?? .max) descriptors and \(threads) threads, found \(self)"
            Issue.record(Comment(rawValue: message))
            exit(1)
        }
    }
}

/// What a shell prints.
enum Shell {
    static func output(_ line: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return data
    }
}
#endif
