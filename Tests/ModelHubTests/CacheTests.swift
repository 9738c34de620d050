// SPDX-License-Identifier: Apache-2.0

// What has been paid for is kept: a second run sends nothing, other models and dimensions are other vectors, several caches
// share a file, the size is kept, and a file that is no cache is told apart.

#if ModelHub
import Foundation
import HubTestSupport
import Logging
import ModelHub
import Synchronization
import Testing

/// A folder for a cache file, removed with it.
final class TemporaryCache: Sendable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)").path
    var path: String { folder + "/c.sqlite" }

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func cache(byteLimit: Int = 1 << 30) throws -> EmbeddingCache {
        // A clock that ticks with each look, so that what was used last is never a draw.
        let ticks = Atomic<Int>(0)
        let box = Ticks(ticks)
        return try EmbeddingCache(path: path, byteLimit: byteLimit, now: { box.next() })
    }

    private final class Ticks: Sendable {
        private let value: Atomic<Int>
        init(_ value: consuming Atomic<Int>) { self.value = value }
        func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
    }
}

@Suite struct CacheTests {
    let folder: TemporaryCache

    init() throws { folder = try TemporaryCache() }

    @Test func `a second run sends nothing and gives the same`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts = (0..<500).map { "text \($0)" }
        let first = try await client(server.address, cache: folder.cache()).embed(texts, model: "m")
        let requests = server.requests.count
        let second = try await client(server.address, cache: folder.cache()).embed(texts, model: "m")
        #expect(first.rows == second.rows && server.requests.count == requests)
        #expect(second.usage.cached == 500 && second.usage.requests == 0)
    }

    @Test func `only what is new is sent, and batches of it are full`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let hub = try client(server.address, cache: folder.cache())
        _ = try await hub.embed((0..<3000).map { "text \($0)" }, model: "m")
        let before = server.requests.count
        let texts = (0..<3000).map { $0 % 10 == 0 ? "new \($0)" : "text \($0)" }
        let found = try await hub.embed(texts, model: "m")
        #expect(found.rows == texts.map { HubReply.vector($0) })
        #expect(server.requests[before...].map(\.texts.count).sorted() == [12, 96, 96, 96])
    }

    @Test func `address, model and dimensions are part of the key`() async throws {
        let server = try await HubServer { HubReply.vectors($0, dimension: $0.dimensions ?? 4) }
        let hub = try client(server.address, cache: folder.cache())
        for (model, dimensions) in [("m", nil), ("n", nil), ("m", 3), ("m", nil), ("n", nil), ("m", 3)]
            as [(String, Int?)]
        {
            _ = try await hub.embed(["a"], model: model, dimensions: dimensions)
        }
        #expect(server.requests.count == 3)
        let other = try client(server.address.replacing("/v1", with: "/v2"), cache: folder.cache())
        _ = try await other.embed(["a"], model: "m")
        #expect(server.requests.count == 4)
        let summary = try await folder.cache().summary()
        #expect(summary.sources.map(\.textCount) == [1, 1, 1, 1] && summary.byteCount == 16 + 12 + 16 + 16)
    }

    @Test func `what was not used for longest goes first when there is too much`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        // Room for ten vectors of 16 bytes.
        let hub = try client(server.address, cache: folder.cache(byteLimit: 160)) { $0.textsPerRequest = 1 }
        for i in 0..<10 { _ = try await hub.embed(["t\(i)"], model: "m") }
        _ = try await hub.embed(["t0"], model: "m")
        #expect(server.requests.count == 10)
        _ = try await hub.embed(["t10"], model: "m")
        let summary = try await folder.cache(byteLimit: 160).summary()
        #expect(summary.byteCount <= 160 && summary.byteCount == 16 * (summary.sources.first?.textCount ?? 0))
        let before = server.requests.count
        _ = try await hub.embed(["t0", "t9", "t10"], model: "m")
        #expect(server.requests.count == before, "used last")
        _ = try await hub.embed(["t1"], model: "m")
        #expect(server.requests.count == before + 1, "used first")
    }

    @Test func `several clients share a file at the same time`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts = (0..<400).map { "text \($0)" }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for offset in 0..<4 {
                group.addTask { [folder] in
                    let hub = try client(server.address, cache: folder.cache()) { $0.textsPerRequest = 7 }
                    let mine = Array(texts[(offset * 100)...] + texts[..<(offset * 100)])
                    return try await hub.embed(mine, model: "m").rows == mine.map { HubReply.vector($0) }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(try await folder.cache().summary().sources.map(\.textCount) == [400])
    }

    @Test func `clearing drops all or one model`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let cache = try folder.cache()
        let hub = try client(server.address, cache: cache)
        for model in ["m", "n"] { _ = try await hub.embed(["a", "b"], model: model) }
        #expect(try await cache.clear(model: "m") == 2)
        #expect(try await cache.summary().sources.map(\.model) == ["n"])
        #expect(try await cache.clear() == 2)
        #expect(try await cache.summary().byteCount == 0)
        #expect(try await hub.embed(["a"], model: "m").rows == [HubReply.vector("a")])
    }

    @Test func `a file that is no cache is told, and one of a later version`() async throws {
        try Data(String(repeating: "no database ", count: 1000).utf8).write(to: URL(fileURLWithPath: folder.path))
        #expect(await failure { try folder.cache() }?.code == .damagedCache)
        try EmbeddingCache.remove(path: folder.path)
        #expect(try await folder.cache().summary().byteCount == 0)
    }

    @Test func `no text and no token is in the file`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        _ = try await client(server.address, cache: folder.cache()).embed(["a very private text"], model: "m")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.folder) {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder.folder)/\(name)"))
            #expect(data.range(of: Data("private".utf8)) == nil && data.range(of: Data(secret.utf8)) == nil)
        }
    }

    @Test func `a file that another process holds is read, and a write ends with a word about it`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        _ = try await client(server.address, cache: folder.cache()).embed(["a", "b"], model: "m")
        // Another process that has begun to write and does not go on.
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        holder.arguments = [
            "python3", "-c",
            """
            import sqlite3, sys
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            c.execute("BEGIN IMMEDIATE"); print("held", flush=True); sys.stdin.read()
            """, folder.path,
        ]
        let (input, output) = (Pipe(), Pipe())
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        #expect(output.fileHandleForReading.availableData.starts(with: Data("held".utf8)))
        let told = Mutex(0)
        let cache = try EmbeddingCache(path: folder.path, byteLimit: 1 << 30, busySeconds: 2.2, now: { 1 })
        cache.whenWaiting { told.withLock { $0 += 1 } }
        #expect(try await cache.summary().sources.map(\.textCount) == [2])
        let error = await failure { try await cache.clear() }
        #expect(error?.code == .cache && error?.message.contains("another process holds it") == true)
        #expect(told.withLock { $0 } == 1)
        // What is paid for meanwhile is given out, and so is what is there; that it is not kept is told once.
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in RecordingLog { line in lines.withLock { $0.append(line) } } }
        let hub = try client(server.address, cache: cache, logger: logger) { $0.textsPerRequest = 1 }
        let texts = ["a", "new", "newer"]
        #expect(try await hub.embed(texts, model: "m").rows == texts.map { HubReply.vector($0) })
        #expect(lines.withLock { $0.count { $0.contains("vectors are given out and not kept") } } == 1)
        try input.fileHandleForWriting.close()
        holder.waitUntilExit()
        #expect(try await cache.clear() == 2)
    }

    @Test func `a row whose bytes are no vector is asked for once more, and is right from then on`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts = ["a", "b", "c"]
        func embed() async throws -> [[Float]] {
            try await client(server.address, cache: folder.cache()).embed(texts, model: "m").rows
        }
        let first = try await embed()
        _ = try Shell.output(
            """
            python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1])
            c.execute("UPDATE vector SET components = ? WHERE id = 2", (b"no",)); c.commit()' \(folder.path)
            """
        )
        #expect(try await embed() == first && server.texts == texts + ["b"])
        #expect(try await embed() == first && server.texts.count == 4)
        #expect(try await folder.cache().summary().byteCount == 48)
    }

    @Test func `another model behind the same name is told`() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in RecordingLog { line in lines.withLock { $0.append(line) } } }
        let server = try await HubServer { request in
            let vector = #"{"index":0,"embedding":[1,2]}"#
            return HubReply.json(200, #"{"data":[\#(vector)],"model":"m-\#(request.number / 2)"}"#)
        }
        let hub = try client(server.address, cache: folder.cache(), logger: logger)
        for text in ["a", "b"] { _ = try await hub.embed([text], model: "m") }
        #expect(lines.withLock { $0.isEmpty })
        _ = try await hub.embed(["c"], model: "m")
        #expect(lines.withLock { $0.contains { $0.contains("now m-1") && $0.contains("vectors of m-0") } })
    }

    @Test func `a file of the version that kept it by another library is read`() async throws {
        // Made by commit b6316bb: two texts of the model m at this address.
        let old = try #require(
            Bundle.module.url(forResource: "cache-of-0.1", withExtension: "sqlite", subdirectory: "Fixtures")
        )
        try FileManager.default.copyItem(atPath: old.path, toPath: folder.path)
        let hub = try client("http://127.0.0.1:9/v1", cache: folder.cache()) { $0.attempts = 1 }
        #expect(
            try await hub.embed(["alpha", "beta"], model: "m").rows == ["alpha", "beta"].map { HubReply.vector($0) }
        )
        #expect(try await folder.cache().summary().byteCount == 32)
    }
}
#endif
