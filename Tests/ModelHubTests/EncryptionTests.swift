// SPDX-License-Identifier: Apache-2.0

// TLS against the server of the openssl program: a certificate that is trusted passes, and one that is expired, self-signed, for
// another host or no certificate at all is an error that says so, after one attempt and without the token having been sent.

#if ModelHub
import Foundation
import HubTestSupport
import ModelHub
import Testing

@Suite struct EncryptionTests {
    /// An encrypted server of files: `GET /v1/models` gives the file `v1/models` as it is.
    private final class Server: Sendable {
        let folder: TemporaryCache
        let process: Process
        let port: Int
        var certificate: String { "\(folder.folder)/c.pem" }
        var address: String { "https://127.0.0.1:\(port)/v1" }

        /// - Parameter options: Of `openssl x509`, such as `-days -1`.
        init(host: String = "IP:127.0.0.1", _ options: String = "-days 2", answer: String? = nil) throws {
            folder = try TemporaryCache()
            let body = #"{"data":[{"id":"m"}]}"#
            try FileManager.default.createDirectory(atPath: "\(folder.folder)/v1", withIntermediateDirectories: true)
            try (answer ?? "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                .write(toFile: "\(folder.folder)/v1/models", atomically: true, encoding: .utf8)
            _ = try Shell.output(
                """
                cd \(folder.folder) && echo subjectAltName=\(host) >names &&
                openssl req -newkey rsa:2048 -nodes -keyout k.pem -out r.csr -subj /CN=hub 2>/dev/null &&
                openssl x509 -req -in r.csr -signkey k.pem -extfile names \(options) -out c.pem 2>/dev/null
                """
            )
            process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "c.pem", "-key", "k.pem", "-HTTP",
            ]
            process.currentDirectoryURL = URL(fileURLWithPath: folder.folder)
            process.standardInput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            var said = ""
            while !said.contains("\n", after: "ACCEPT ") {
                let more = pipe.fileHandleForReading.availableData
                try #require(!more.isEmpty, "openssl says: \(said)")
                said += String(decoding: more, as: UTF8.self)
            }
            let line = try #require(said.split(separator: "\n").last { $0.hasPrefix("ACCEPT ") })
            port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        }

        // Not `terminate()`: a process that is started from a thread of Dispatch inherits that thread's mask, which blocks SIGTERM.
        deinit { kill(process.processIdentifier, SIGKILL) }
    }

    private func fault(_ server: Server, trusts: Bool) async throws -> String {
        let clock = VirtualClock()
        let error = await failure {
            try await client(server.address, clock: clock) {
                if trusts { $0.certificateFile = server.certificate }
            }.models()
        }
        #expect(clock.now == .zero, "tried once")
        let text = "\(try #require(error))"
        #expect(text.contains("https://127.0.0.1:\(server.port)") && !text.contains("secret"), "\(text)")
        return text
    }

    @Test func `a certificate that is trusted and of the host passes`() async throws {
        let server = try Server()
        let hub = try client(server.address) { $0.certificateFile = server.certificate }
        #expect(try await hub.models().map(\.id) == ["m"])
    }

    @Test func `a certificate that nobody vouches for is refused`() async throws {
        let text = try await fault(Server(), trusts: false)
        #expect(text.contains("cannot be trusted") && text.contains("self-signed"), "\(text)")
    }

    @Test func `a certificate that has expired is refused`() async throws {
        let text = try await fault(Server("-days -1"), trusts: true)
        #expect(text.contains("cannot be trusted") && text.contains("expired"), "\(text)")
    }

    @Test func `a certificate of another host is refused`() async throws {
        let text = try await fault(Server(host: "DNS:elsewhere.example"), trusts: true)
        #expect(text.contains("cannot be trusted") && text.contains("127.0.0.1"), "\(text)")
    }

    @Test func `a file of certificates that is not there is told`() async throws {
        let server = try Server()
        let error = await failure {
            try await client(server.address) { $0.certificateFile = "/no/such/file.pem" }.models()
        }
        #expect(error?.message.contains("/no/such/file.pem") == true, "\(String(describing: error))")
    }

    @Test func `an encrypted answer that ends in its middle is no answer`() async throws {
        let server = try Server(answer: "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"data\":[")
        let error = await failure {
            try await client(server.address) {
                $0.certificateFile = server.certificate
                $0.attempts = 2
            }.models()
        }
        #expect(error?.code == .unavailable && error?.message.contains("closed the connection") == true)
    }

    @Test(arguments: ["", "hello\n", "\u{16}\u{3}\u{3}"])
    func `what answers without TLS, or ends in its beginning, is told`(answer: String) async throws {
        let server = try RawServer { connection in
            connection.write(answer)
            // Long enough for the first message of the client to be read.
            if answer.isEmpty { return }
            connection.waitForEnd()
        }
        let error = await failure {
            try await client("https://\(server.host)/v1") {
                $0.attempts = 1
                $0.secondsPerAttempt = 1
            }.models()
        }
        #expect(error?.message.contains("https://\(server.host)") == true, "\(String(describing: error))")
    }
}

extension String {
    /// Whether `text` comes somewhere behind `marker`.
    fileprivate func contains(_ text: String, after marker: String) -> Bool {
        range(of: marker).map { self[$0.upperBound...].contains(text) } ?? false
    }
}
#endif
