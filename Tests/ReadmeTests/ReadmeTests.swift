// SPDX-License-Identifier: Apache-2.0

// The README is true: its library example is the compiled one and prints what it says; its command-line example is run
// and prints what it shows. (The second needs the model in the cache: scripts/fetch-model.)

import Foundation
import Testing

#if ModelHub
import HubTestSupport
#endif

@Suite struct ReadmeTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    private let readme: String

    init() throws {
        let root = Self.folder.deletingLastPathComponent().deletingLastPathComponent()
        readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }

    /// The lines of the first block of a language.
    private func block(_ language: String) throws -> [String] {
        let lines = readme.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "```\(language)"))
        return Array(lines[(start + 1)...].prefix { $0 != "```" })
    }

    @Test func `the library example is compiled and prints what it says`() throws {
        let source = try String(contentsOf: Self.folder.appendingPathComponent("ReadmeExamples.swift"), encoding: .utf8)
        let body = source.components(separatedBy: "// README begin\n")[1].components(separatedBy: "// README end")[0]
        let compiled = body.components(separatedBy: "\n")
            .filter { !$0.hasPrefix("func ") && $0 != "}" && !$0.isEmpty }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        let shown = try block("swift").filter { !$0.isEmpty }
        #expect(shown == compiled)
        #expect(shown.count <= 10)

        var printed: [String] = []
        try readmeExample { printed.append($0.map { "\($0)" }.joined(separator: " ")) }
        let promised = shown.filter { $0.hasPrefix("print(") }.map { $0.components(separatedBy: "  // ")[1] }
        #expect(printed == promised)
    }

    @Test func `the command-line example prints what it shows`() throws {
        let lines = try block("console")
        let command = try #require(lines.first?.dropFirst(2))
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", String(command)]
        let binaries = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        process.environment = ProcessInfo.processInfo.environment.merging(["PATH": "\(binaries):/usr/bin:/bin"]) { $1 }
        process.standardOutput = output
        try process.run()
        let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(printed == lines.dropFirst().joined(separator: "\n") + "\n")
    }

    @Test func `the commands run as they are written`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("simile-readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ lines: [String]) throws {
            try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: folder.appendingPathComponent(name))
        }
        // Enough of them for a hundred clusters.
        let kinds = [
            "domestic", "wild", "small", "large", "rare", "common", "slow", "fast", "strange", "useful", "old",
        ]
        let things = ["animal", "tool", "plant", "house", "song", "tale", "river", "ship", "stone", "coat"]
        let glosses = kinds.flatMap { kind in things.map { "a \(kind) \($0)" } }
        try write("glosses.jsonl", glosses.map { "{\"text\":\"\($0)\"}" })
        try write("answers.jsonl", [#"{"query":0,"positives":[0,20]}"#])
        try write("questions.txt", ["which animals live with people?"])
        try write("a-few.txt", ["a cat", "a dog"])
        var commands = readme.components(separatedBy: "\n").filter { $0.hasPrefix("simile ") }
        #expect(commands.count >= 18)
        #if ModelHub
        // In the place of the hub.
        let server = try await HubServer { request in
            request.path == "/v1/models"
                ? HubReply.json(200, #"{"data":[{"id":"BAAI/bge-m3"}]}"#) : HubReply.vectors(request)
        }
        let hub = [
            "IONOS_API_BASE_URL": server.address, "IONOS_API_TOKEN": "token",
            "XDG_CACHE_HOME": try cacheWithModel(in: folder),
        ]
        #else
        commands.removeAll { $0.contains("hub:") || $0.hasPrefix("simile models") || $0.hasPrefix("simile cache") }
        let hub: [String: String] = [:]
        #endif
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-ec", commands.joined(separator: "\n")]
        process.currentDirectoryURL = folder
        let binaries = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        process.environment = ProcessInfo.processInfo.environment
            .merging(["PATH": "\(binaries):/usr/bin:/bin"]) { $1 }.merging(hub) { $1 }
        process.standardOutput = FileHandle.nullDevice
        // Waited for elsewhere: the server answers on the threads of the tasks.
        await withCheckedContinuation { continuation in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch {
                Issue.record(error)
                continuation.resume()
            }
        }
        #expect(process.terminationStatus == 0)
        for name in [
            "glosses.npy", "neighbors.jsonl", "pairs.csv", "picture.svg", "glosses.simile", "kept.jsonl", "labels.csv",
            "communities.jsonl", "triplets.jsonl", "glosses64.npy", "glosses8.npy", "glosses.html",
        ] {
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path), "\(name)")
        }
        #if ModelHub
        #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("glosses-m3.npy").path))
        #expect(server.texts.count == glosses.count + 1)
        #endif
    }

    /// A cache folder of the test's own that has the models of the machine.
    private func cacheWithModel(in folder: URL) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let machine =
            environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? "\(environment["HOME"] ?? "")/.cache"
        let cache = folder.appendingPathComponent("cache/simile")
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: cache.appendingPathComponent("models").path,
            withDestinationPath: "\(machine)/simile/models"
        )
        return folder.appendingPathComponent("cache").path
    }
}
