// SPDX-License-Identifier: Apache-2.0
//
// `simile serve` as another process: what its own hub client and plain HTTP get from it, what it refuses, and how it ends.

import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite struct ServeCommandTests {
    private let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("t.txt", "a large animal\na small stone\nthe sea at night\n")
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [0, 1], [3, 4]]))
    }

    @Test func `the hub client gets the vectors of embed`() throws {
        let server = try Server(in: folder, ["--model", "static"])
        let local = try folder.run("embed", "--input", "t.txt", "--output", "a.npy", "--model", "static")
        let served = try folder.run(
            "embed",
            "--input",
            "t.txt",
            "--output",
            "b.npy",
            "--model",
            "hub:static",
            "--hub-url",
            server.address,
            "--hub-rate",
            "0",
            environment: ["IONOS_API_TOKEN": "any", "XDG_CACHE_HOME": folder.path]
        )
        #expect(local.status == 0 && served.status == 0, "\(served.errors)")
        #expect(try folder.bytes("a.npy") == folder.bytes("b.npy"))
        let models = try folder.run("models", "--hub-url", server.address, environment: ["IONOS_API_TOKEN": "any"])
        #expect(models.status == 0 && models.output.contains("static"), "\(models.errors)")
        #expect(try server.end() == 0)
    }

    @Test func `the neighbors are those of search, of texts, vectors and prepared corpora`() async throws {
        #expect(
            try folder.run("prepare", "--corpus", "v.npy", "--output", "v.simile", "--metric", "euclidean").status == 0
        )
        let server = try Server(
            in: folder,
            ["--model", "static", "--corpus", "t=t.txt", "--corpus", "p=v.simile", "--corpus", "v=v.npy"]
        )
        let found = try folder.run("search", "--queries", "t.txt", "--corpus", "t.txt", "-k", "2", "--model", "static")
        let lines = try found.lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let answer = try await server.ask(
            "/v1/similarity",
            #"{"corpus":"t","input":["a large animal","a small stone","the sea at night"],"k":2,"include_texts":true}"#
        )
        #expect(answer.status == 200)
        let entries = try #require(answer.object["data"] as? [[String: Any]])
        for (line, entry) in zip(lines, entries) {
            let expected = try #require(line["neighbors"] as? [[String: Any]])
            let neighbors = try #require(entry["neighbors"] as? [[String: Any]])
            #expect(neighbors.map { $0["row"] as? Int } == expected.map { $0["row"] as? Int })
            #expect(neighbors.map { $0["score"] as? Double } == expected.map { $0["score"] as? Double })
        }
        #expect((entries.first?["neighbors"] as? [[String: Any]])?.first?["text"] as? String == "a large animal")
        let near = try await server.ask("/v1/similarity", #"{"corpus":"p","vectors":[[0,0],[3,3]],"k":1}"#)
        #expect(
            near.text.contains(#"[{"row":0,"distance":1.0}]"#) && near.text.contains(#"[{"row":2,"distance":1.0}]"#)
        )
        let wrong = try await server.ask("/v1/similarity", #"{"corpus":"v","vectors":[[1,2,3]]}"#)
        #expect(wrong.status == 400 && wrong.text.contains("expected 2"))
        let unclear = try await server.ask("/v1/similarity", #"{"vectors":[[1,2]]}"#)
        #expect(unclear.status == 400 && unclear.text.contains("'t', 'p', 'v'"))
        let list = try await server.ask("/v1/corpora")
        #expect(list.text.contains(#""id":"p","object":"corpus","rows":3,"dimension":2,"metric":"euclidean""#))
        #expect(try server.end() == 0)
    }

    @Test func `a token is asked for everywhere but for the health`() async throws {
        try folder.write("token", "secret-1\n")
        let server = try Server(in: folder, ["--model", "static", "--token-file", "token"])
        for token in [nil, "secret", "secret-12", "Secret-1"] {
            let refused = try await server.ask("/v1/models", token: token)
            #expect(refused.status == 401 && refused.text.contains("authentication_error"))
        }
        #expect(try await server.ask("/v1/embeddings", #"{"input":"a"}"#).status == 401)
        #expect(try await server.ask("/v1/models", token: "secret-1").status == 200)
        #expect(try await server.ask("/metrics").status == 401)
        #expect(try await server.ask("/health").text == "{\"status\":\"ok\"}\n")
        let metrics = try await server.ask("/metrics", token: "secret-1").text
        #expect(metrics.contains(#"simile_requests_total{route="/v1/models",status="401"} 4"#))
        #expect(try server.end() == 0)
    }

    @Test func `what is too large, too long or of no use is refused, and the server goes on`() async throws {
        let server = try Server(
            in: folder,
            ["--model", "static", "--max-body", "1KiB", "--max-inputs", "4", "--on-long", "refuse"]
        )
        let long = try await server.ask("/v1/embeddings", #"{"input":""# + String(repeating: "a", count: 5000) + #""}"#)
        #expect(long.status == 413 && long.text.contains("1024 bytes"))
        #expect(try await server.ask("/v1/embeddings", #"{"input":["a","b","c","d","e"]}"#).status == 400)
        #expect(try await server.ask("/v1/embeddings", #"{"input":["a","  "]}"#).text.contains("text 1 is blank"))
        #expect(try await server.ask("/v1/embeddings", #"{"input":"a","dimensions":9999}"#).status == 400)
        #expect(try await server.ask("/v1/embeddings", #"{"input":"a","model":"b"}"#).status == 404)
        #expect(try await server.ask("/v1/embeddings").status == 405)
        #expect(try await server.ask("/v2").status == 404)
        #expect(try await server.ask("/v1/models/static").object["id"] as? String == "static")
        #expect(try await server.ask("/v1/models/none").status == 404)
        let answer = try await server.ask(
            "/v1/embeddings",
            #"{"input":"a stone","dimensions":3,"encoding_format":"float"}"#
        )
        let entries = try #require(answer.object["data"] as? [[String: Any]])
        let vector = try #require(entries.first?["embedding"] as? [Double])
        #expect(vector.count == 3 && abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        #expect(try server.end() == 0)
    }

    @Test func `SIGTERM ends what is under way and then the server`() async throws {
        let server = try Server(in: folder, ["--model", "static"])
        // Long enough to be under way when the signal comes.
        let text = String(repeating: "the sea at night and a small stone ", count: 40)
        let body =
            #"{"encoding_format":"base64","input":["# + (0..<2048).map { "\"\($0) \(text)\"" }.joined(separator: ",")
            + "]}"
        let client = server.client
        async let answer = client.ask("/v1/embeddings", body)
        // Until it is seen to be worked on; on a fast machine it may be done before that.
        for _ in 0..<2000 {
            if try await client.ask("/metrics").text.contains(/simile_waiting_texts [1-9]/) { break }
        }
        let status = try server.end()
        let found = try await answer
        #expect(status == 0 && found.status == 200 && found.object["usage"] != nil)
        #expect(try folder.text(server.log).contains("stopped"))
    }

    @Test func `what takes longer than the grace is told that the server stops`() async throws {
        let server = try Server(in: folder, ["--model", "static", "--grace", "0", "--threads", "1"])
        let text = String(repeating: "the sea at night and a small stone ", count: 200)
        let body =
            #"{"encoding_format":"base64","input":["# + (0..<2000).map { "\"\($0) \(text)\"" }.joined(separator: ",")
            + "]}"
        let client = server.client
        async let answer = client.ask("/v1/embeddings", body)
        for _ in 0..<2000 {
            if try await client.ask("/metrics").text.contains(/simile_waiting_texts [1-9]/) { break }
        }
        let start = ContinuousClock.now
        #expect(try server.end() == 0)
        // It ends within a round, and not when all is done; on a machine that had done it before, with the answer.
        let found = try await answer
        #expect([200, 503].contains(found.status) && ContinuousClock.now - start < .seconds(20))
    }

    @Test func `wrong options and places that are taken are told before anything begins`() async throws {
        for (arguments, expected) in [
            (["--corpus", "x"], "NAME=F"), (["--corpus", "a=v.npy", "--corpus", "a=t.txt"], "two are called 'a'"),
            (["--port", "70000"], "from 0 to 65535"), (["--model", "static", "--model", "static"], "twice"),
        ] {
            let run = try folder.run(executable: CommandRun.binary, ["serve"] + arguments, environment: [:])
            #expect(run.status == 2 && run.errors.contains(expected), "\(run.errors)")
        }
        try folder.write("token", "\n")
        let empty = try folder.run("serve", "--model", "static", "--token-file", "token")
        #expect(empty.status == 3 && empty.errors.contains("expected a token"))
        let missing = try folder.run("serve", "--model", "static", "--corpus", "a=no.npy")
        #expect(missing.status == 3 && missing.errors.contains("no.npy"))
        let server = try Server(in: folder, ["--model", "static"])
        let taken = try folder.run("serve", "--model", "static", "--port", "\(server.port)")
        #expect(taken.status == 1 && taken.errors.contains("cannot listen"), "\(taken.errors)")
        #expect(try server.end() == 0)
    }
}

/// A server of a test's own, on a port that was free.
private final class Server {
    let port: Int
    /// What it says on standard error, by the name of a file in the folder.
    let log = "serve.log"
    private let process: Process
    var address: String { "http://127.0.0.1:\(port)/v1" }

    struct NoServer: Error { let log: String }

    init(in folder: WorkFolder, _ arguments: [String]) throws {
        try folder.write(log, "")
        process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = ["serve", "--port", "0"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: "\(folder.path)/\(log)")
        try process.run()
        for _ in 0..<1000 {
            let text = try folder.text(log)
            if let found = text.firstMatch(of: /listening at http:\/\/127\.0\.0\.1:(\d+)/), let port = Int(found.1) {
                self.port = port
                return
            }
            guard process.isRunning else { throw NoServer(log: text) }
            Thread.sleep(forTimeInterval: 0.02)
        }
        process.terminate()
        throw NoServer(log: try folder.text(log))
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var client: Client { Client(port: port) }

    func ask(_ path: String, _ body: String? = nil, token: String? = nil) async throws -> Client.Answer {
        try await client.ask(path, body, token: token)
    }

    /// Ends it as a supervisor does; the exit code.
    func end() throws -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

/// Asks a server on this machine.
private struct Client: Sendable {
    let port: Int

    struct Answer {
        let status: Int
        let text: String
        var object: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
        }
    }

    func ask(_ path: String, _ body: String? = nil, token: String? = nil) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        if let body {
            request.httpMethod = "POST"
            request.httpBody = Data(body.utf8)
        }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        let (data, response) = try await URLSession.shared.data(for: request)
        return Answer(
            status: (response as? HTTPURLResponse)?.statusCode ?? 0,
            text: String(decoding: data, as: UTF8.self)
        )
    }
}
