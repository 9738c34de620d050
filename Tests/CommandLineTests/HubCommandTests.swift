// SPDX-License-Identifier: Apache-2.0

// The Model Hub as people use it from the command line, with a server on loopback in its place: what comes out, what is said,
// what is kept when the process is killed, and that the token is nowhere.

#if ModelHub
import FlyingFox
import Foundation
import HubTestSupport
import Synchronization
import Testing

@Suite struct HubCommandTests {
    let folder: WorkFolder
    private static let secret = "eyJ0b2tlbiI6.command-line-secret"

    init() throws { folder = try WorkFolder() }

    private func environment(_ server: HubServer) -> [String: String] {
        [
            "XDG_CACHE_HOME": "\(folder.path)/cache", "IONOS_API_TOKEN": Self.secret,
            "IONOS_API_BASE_URL": server.address,
            "http_proxy": "",
        ]
    }

    /// Runs `simile` while the server answers.
    private func run(_ server: HubServer, _ arguments: [String]) async throws -> CommandRun {
        let environment = environment(server)
        return try await onThread { [folder] in
            try folder.run(executable: CommandRun.binary, arguments, environment: environment)
        }
    }

    private func rows(_ name: String, dimension: Int = 4) throws -> [[Float]] {
        let bytes = try folder.bytes(name)
        let data = Array(bytes[(10 + Int(bytes[8]) + Int(bytes[9]) << 8)...])
        let values = stride(from: 0, to: data.count, by: 4).map { i in
            Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[i + $1]) << UInt32(8 * $1) })
        }
        return stride(from: 0, to: values.count, by: dimension).map { Array(values[$0..<$0 + dimension]) }
    }

    @Test func `texts of a file become vectors with their ids, and are paid for once`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let texts = (0..<700).map { "text \($0 % 600)" }
        try folder.write(
            "t.jsonl",
            texts.enumerated().map { #"{"id":"n\#($0)","text":"\#($1)"}"# }.joined(separator: "\n") + "\n"
        )
        let arguments = ["embed", "--input", "t.jsonl", "--model", "hub:BAAI/bge-m3", "--hub-rate", "0"]
        let first = try await run(server, arguments + ["--output", "v.npy"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.errors.contains("700 texts, 4 dimensions -> v.npy") && first.errors.contains("7 requests"))
        #expect(try rows("v.npy") == texts.map { HubReply.vector($0) })
        let ids = try folder.text("v.npy.ids.jsonl").split(separator: "\n")
        #expect(ids.count == 701 && ids[1] == #"{"row":0,"id":"n0"}"# && ids[700] == #"{"row":699,"id":"n699"}"#)
        #expect(server.requests.count == 7 && server.requests.allSatisfy { $0.model == "BAAI/bge-m3" })
        let second = try await run(server, arguments + ["--output", "w.npy"])
        #expect(second.errors.contains("700 from cache") && server.requests.count == 7)
        #expect(try folder.bytes("v.npy") == folder.bytes("w.npy"))
        let lines = try await run(server, arguments)
        let expected = HubReply.vector(texts[0]).map { "\($0)" }.joined(separator: ",")
        #expect(lines.lines.count == 700 && lines.lines[0] == #"{"row":0,"id":"n0","embedding":[\#(expected)]}"#)
        try expectNoToken([first, second, lines])
    }

    @Test func `search, join and matrix take texts through the hub`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        try folder.write("t.txt", "alpha\nbeta\ngamma\n")
        let hub = ["--model", "hub:m", "--hub-rate", "0"]
        let search = try await run(server, ["search", "--queries", "t.txt", "--corpus", "t.txt", "-k", "1"] + hub)
        #expect(
            search.lines.enumerated().allSatisfy {
                $1.hasPrefix(#"{"query":\#($0),"neighbors":[{"row":\#($0),"score":1.0"#)
            }
        )
        let join = try await run(server, ["join", "--left", "t.txt", "--threshold", "-1"] + hub)
        #expect(join.lines.count == 3, "\(join.errors)")
        let matrix = try await run(server, ["matrix", "alpha", "beta"] + hub)
        #expect(matrix.lines.count == 2 && server.texts.count == 3)
    }

    @Test func `without a token nothing is sent, and the message says what to set`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        try folder.write("t.txt", "alpha\n")
        var environment = environment(server)
        environment["IONOS_API_TOKEN"] = ""
        for arguments in [["embed", "--input", "t.txt", "--model", "hub:m"], ["models"]] {
            let run = try await onThread { [folder, environment] in
                try folder.run(executable: CommandRun.binary, arguments, environment: environment)
            }
            #expect(run.status == 3 && run.errors.contains("IONOS_API_TOKEN"), "\(run.errors)")
            #expect(run.errors.contains("local model needs none"))
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `a text that the hub refuses is told by line, and the rest is kept`() async throws {
        let server = try await HubServer { request in
            request.texts.contains("too long")
                ? HubReply.json(400, #"{"error":{"message":"This model's maximum context length is 512 tokens."}}"#)
                : HubReply.vectors(request)
        }
        try folder.write("t.txt", "one\ntwo\ntoo long\nfour\n")
        let arguments = ["embed", "--input", "t.txt", "--model", "hub:m", "--hub-rate", "0", "--output", "v.npy"]
        let refused = try await run(server, arguments)
        #expect(
            refused.status == 3 && refused.errors.contains("t.txt, line 3: the model refuses 1 text"),
            "\(refused.errors)"
        )
        #expect(refused.errors.contains("maximum context length"))
        #expect(try folder.files() == ["cache", "t.txt"])
        let before = server.texts.count
        let skipped = try await run(server, arguments + ["--skip-invalid"])
        #expect(skipped.status == 0, "\(skipped.errors)")
        #expect(try rows("v.npy") == ["one", "two", "four"].map { HubReply.vector($0) })
        #expect(server.texts[before...] == ["too long"])
        let search = try await run(
            server,
            ["search", "--queries", "t.txt", "--corpus", "t.txt", "-k", "1", "--model", "hub:m", "--skip-invalid"]
        )
        #expect(search.lines.count == 4 && search.lines[2] == #"{"query":2,"neighbors":[]}"#, "\(search.errors)")
    }

    @Test func `blank texts are refused before anything is paid for`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        try folder.write("t.txt", "one\n \nthree\n")
        let refused = try await run(server, ["embed", "--input", "t.txt", "--model", "hub:m", "--output", "v.npy"])
        #expect(refused.status == 3 && refused.errors.contains("line 2") && server.requests.isEmpty)
        let lines = try await run(server, ["embed", "--input", "t.txt", "--model", "hub:m", "--skip-invalid"])
        #expect(lines.lines.map { $0.prefix(8) } == ["{\"row\":0", "{\"row\":2"])
    }

    @Test(arguments: [(401, 3), (404, 3), (500, 1)])
    func `errors of the hub become exit codes and show no token`(status: Int, code: Int32) async throws {
        let server = try await HubServer { request in
            HubReply.json(
                status,
                #"{"error":{"message":"key \#(request.headers["authorization"] ?? "") is bad"}}"#,
                headers: [HTTPHeader("retry-after-ms"): "1"]
            )
        }
        try folder.write("t.txt", "alpha\n")
        let run = try await run(server, ["embed", "--input", "t.txt", "--model", "hub:m", "--hub-rate", "0"])
        #expect(run.status == code && run.errors.contains("status \(status)"), "\(run.errors)")
        try expectNoToken([run])
    }

    @Test func `an address that is none is wrong usage`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        let run = try await run(server, ["matrix", "a", "--model", "hub:m", "--hub-url", "nowhere"])
        #expect(run.status == 2 && run.errors.contains("'nowhere' is not the address of a service"), "\(run.errors)")
    }

    @Test func `models lists the hub's and the local ones`() async throws {
        let server = try await HubServer { _ in
            HubReply.json(200, #"{"object":"list","data":[{"id":"a/chat"},{"id":"BAAI/bge-m3"}]}"#)
        }
        let lines = try await run(server, ["models"])
        #expect(
            lines.lines == [
                #"{"model":"static","place":"local","dimension":256,"inputLimit":512,"languages":"English"}"#,
                #"{"model":"hub:BAAI/bge-m3","place":"hub","dimension":1024,"inputLimit":8192,"languages":"more than 100"}"#,
                #"{"model":"hub:a/chat","place":"hub","dimension":null,"inputLimit":null,"languages":null}"#,
            ]
        )
        #expect(lines.errors.contains("scripts/fetch-model"))
        let table = try await run(server, ["models", "--format", "table"])
        #expect(table.lines.first?.hasPrefix("model") == true && table.lines.count == 4)
    }

    @Test func `the cache is described and cleared, and a damaged one is removed`() async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        _ = try await run(server, ["matrix", "a", "b", "--model", "hub:m"])
        let info = try await run(server, ["cache", "info"])
        #expect(info.output.contains(#""texts":2,"bytes":32,"#), "\(info.output) \(info.errors)")
        let clear = try await run(server, ["cache", "clear"])
        #expect(clear.status == 0 && clear.errors.contains("2 vectors dropped"))
        #expect(try await run(server, ["cache", "info"]).output.contains(#""texts":0,"bytes":0,"#))
        try folder.write("cache/simile/hub-embeddings.sqlite", String(repeating: "no database ", count: 999))
        let damaged = try await run(server, ["matrix", "a", "b", "--model", "hub:m"])
        #expect(damaged.status == 1 && damaged.errors.contains("simile cache clear"), "\(damaged.errors)")
        #expect(try await run(server, ["cache", "clear"]).errors.contains("was damaged and has been removed"))
        #expect(try await run(server, ["matrix", "a", "b", "--model", "hub:m"]).status == 0)
        #expect(server.texts.count == 4)
    }

    @Test func `a run that is killed goes on where it stopped`() async throws {
        let texts = (0..<400).map { "text \($0)" }
        try folder.write("t.txt", texts.joined(separator: "\n") + "\n")
        let held = AsyncStream<Void>.makeStream()
        let isHolding = Atomic<Bool>(true)
        let server = try await HubServer { request in
            // Twenty batches are answered; the others wait until the process is gone.
            if request.number >= 20, isHolding.load(ordering: .relaxed) {
                held.continuation.yield()
                try await Task.sleep(for: .seconds(3600))
            }
            return HubReply.vectors(request)
        }
        let arguments = [
            "embed", "--input", "t.txt", "--model", "hub:m", "--hub-rate", "0", "--hub-batch", "10", "--output",
            "v.npy",
        ]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(environment(server)) { $1 }
        process.standardError = FileHandle.nullDevice
        try process.run()
        var waiting = 0
        for await _ in held.stream {
            waiting += 1
            if waiting == 16 { break }
        }
        // Sixteen requests are under way and the twenty before them are answered, perhaps not yet all kept; another process sees.
        var kept = ""
        for _ in 0..<200 where !kept.contains("\"texts\":200,") {
            kept = try await run(server, ["cache", "info"]).output
        }
        #expect(kept.contains("\"texts\":200,"))
        kill(process.processIdentifier, SIGKILL)
        try await onThread { process.waitUntilExit() }
        isHolding.store(false, ordering: .relaxed)
        #expect(try folder.files().filter { $0.hasSuffix(".npy") }.isEmpty)
        let before = server.requests
        let resumed = try await run(server, arguments)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try rows("v.npy") == texts.map { HubReply.vector($0) })
        let again = server.requests[before.count...].flatMap(\.texts)
        #expect(again.count == 200 && Set(again).isDisjoint(with: before[..<20].flatMap(\.texts)))
        let undisturbed = try await run(server, arguments.map { $0 == "v.npy" ? "w.npy" : $0 } + ["--no-hub-cache"])
        #expect(undisturbed.status == 0)
        #expect(try folder.bytes("v.npy") == folder.bytes("w.npy"))
    }

    @Test func `an interrupt ends a run that waits, and leaves no output behind`() async throws {
        let arrived = AsyncStream<Void>.makeStream()
        let server = try await HubServer { request in
            arrived.continuation.yield()
            try await Task.sleep(for: .seconds(3600))
            return HubReply.vectors(request)
        }
        try folder.write("t.txt", "alpha\n")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = ["embed", "--input", "t.txt", "--model", "hub:m", "--output", "v.npy"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(environment(server)) { $1 }
        process.standardError = FileHandle.nullDevice
        try process.run()
        for await _ in arrived.stream { break }
        process.interrupt()
        try await onThread { process.waitUntilExit() }
        #expect(process.terminationStatus == 130)
        #expect(try folder.files() == ["cache", "t.txt"])
    }

    @Test func `progress tells texts, cache, requests and 429s`() async throws {
        let server = try await HubServer { request in
            request.number == 1
                ? HubReply.json(429, "slow", headers: [HTTPHeader("retry-after-ms"): "600"]) : HubReply.vectors(request)
        }
        try folder.write("t.txt", (0..<40).map { "text \($0)" }.joined(separator: "\n"))
        let run = try await run(
            server,
            [
                "embed", "--input", "t.txt", "--model", "hub:m", "--hub-batch", "10", "--hub-rate", "0", "--progress",
                "plain",
                "--output", "v.npy",
            ]
        )
        #expect(run.status == 0)
        #expect(
            run.errors.contains("texts/s") && run.errors.contains("left;") && run.errors.contains("1 too fast (429)"),
            "\(run.errors)"
        )
    }

    @Test(arguments: [
        ("libcurl", "libcurl.so.4"), ("libcrypto", "libcrypto.so.3"), ("libsqlite3", "libsqlite3.so.0"),
    ])
    func `on a machine without a library the hub says what to install, and everything else runs`(
        library: String,
        message: String
    ) async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        // Files that are found first and are no libraries.
        for name in ["libcurl.so.4", "libcurl-gnutls.so.4", "libcrypto.so.3", "libcrypto.so.1.1", "libsqlite3.so.0"]
        where name.hasPrefix(library) {
            try folder.write(name, "no library")
        }
        var environment = environment(server)
        environment["LD_LIBRARY_PATH"] = folder.path
        try folder.write("t.txt", "alpha\n")
        let (hub, info) = try await onThread { [folder, environment] in
            (
                try folder.run(
                    executable: CommandRun.binary,
                    ["embed", "--input", "t.txt", "--model", "hub:m"],
                    environment: environment
                ),
                try folder.run(
                    executable: CommandRun.binary,
                    ["info", "--format", "json"],
                    environment: environment
                )
            )
        }
        #expect(
            hub.status == 1 && hub.errors.contains(message) && hub.errors.contains("apt-get install libcurl4")
                && server.requests.isEmpty,
            "\(hub.errors)"
        )
        let key = ["libcurl": "curl", "libcrypto": "crypto", "libsqlite3": "sqlite"][library] ?? ""
        #expect(info.status == 0 && info.output.contains("\"\(key)\":null"), "\(info.output)")
    }

    @Test func `the token leaves the machine over https alone, unless that is asked for`() async throws {
        let proxy = try await HubServer { $0.number == 0 ? HTTPResponse(statusCode: .ok) : HubReply.vectors($0) }
        var environment = environment(proxy)
        environment["IONOS_API_BASE_URL"] = "http://hub.invalid/v1"
        environment["http_proxy"] = String(proxy.address.dropLast(3))
        environment["no_proxy"] = "10.0.0.0/8,::1"
        for (option, status) in [([], 2), (["--hub-insecure"], 0)] as [([String], Int32)] {
            let run = try await onThread { [folder, environment] in
                try folder.run(
                    executable: CommandRun.binary,
                    ["matrix", "alpha", "--model", "hub:m"] + option,
                    environment: environment
                )
            }
            #expect(run.status == status, "\(run.errors)")
            #expect(run.errors.contains("--hub-insecure sends it all the same") == (status == 2))
            #expect(proxy.requests.count == (status == 2 ? 0 : 2))
            try expectNoToken([run])
        }
    }

    @Test func `ranges of no_proxy are understood`() async throws {
        let proxy = try await HubServer { HubReply.vectors($0) }
        let server = try await HubServer { HubReply.vectors($0) }
        var environment = environment(server)
        environment["http_proxy"] = String(proxy.address.dropLast(3))
        environment["no_proxy"] = "localhost,127.0.0.0/8,::1"
        let run = try await onThread { [folder, environment] in
            try folder.run(
                executable: CommandRun.binary,
                ["matrix", "alpha", "--model", "hub:m", "--no-hub-cache"],
                environment: environment
            )
        }
        #expect(run.status == 0 && proxy.requests.isEmpty && server.requests.count == 1, "\(run.errors)")
    }

    @Test(arguments: ["cc\ndd\n", "\u{FFFE}"])
    func `an input that grows or fails after it was counted ends the run, and what was paid for is kept`(
        more: String
    ) async throws {
        let server = try await HubServer { HubReply.vectors($0) }
        // The blank lines keep the counting busy until the file is changed; what follows is seen by the second pass alone.
        try folder.write("t.txt", "aa\n" + String(repeating: "\n", count: 4_000_000) + "bb\n")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = ["embed", "--input", "t.txt", "--model", "hub:m", "--skip-invalid", "--output", "v.npy"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(environment(server)) { $1 }
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let maps = "/proc/\(process.processIdentifier)/maps"
        while process.isRunning {
            if let text = try? String(contentsOfFile: maps, encoding: .utf8), text.contains("t.txt") { break }
        }
        let file = try #require(FileHandle(forWritingAtPath: "\(folder.path)/t.txt"))
        file.seekToEndOfFile()
        file.write(more == "\u{FFFE}" ? Data([0xFF, 0xFE, 0x0A]) : Data(more.utf8))
        try file.close()
        try await onThread { process.waitUntilExit() }
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        // Where the change was too late or too early, the run is like any other.
        #expect(process.terminationReason == .exit && [0, 3].contains(process.terminationStatus), "\(said)")
        #expect(process.terminationStatus == 0 || said.contains("t.txt"), "\(said)")
        let kept = try await run(server, ["cache", "info"]).output
        #expect(kept.contains("\"texts\":\(Set(server.texts).count),"), "\(kept)")
    }

    @Test(arguments: ["embed", "search", "join", "matrix", "dedup", "models"])
    func `in help the options of the hub come last`(command: String) throws {
        let options = try folder.run(command, "--help").lines.compactMap { line in
            line.hasPrefix("  --") ? String(line.dropFirst(2).prefix { $0 != " " }) : nil
        }
        let hub = [
            "--hub-url", "--hub-rate", "--hub-batch", "--hub-parallel", "--hub-timeout", "--dimensions",
            "--hub-cache-size", "--hub-insecure", "--no-hub-cache", "--version",
        ]
        #expect(Array(options.suffix(hub.count)) == hub, "\(options)")
    }

    /// The token is in nothing that was printed and in no file.
    private func expectNoToken(_ runs: [CommandRun]) throws {
        for run in runs { #expect(!(run.output + run.errors).contains("command-line-secret")) }
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let data = FileManager.default.contents(atPath: "\(folder.path)/\(path)") ?? Data()
            #expect(data.range(of: Data("command-line-secret".utf8)) == nil, "\(path)")
        }
    }
}

/// Runs what blocks on a thread of its own: the server needs those of the tasks.
private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}
#endif
