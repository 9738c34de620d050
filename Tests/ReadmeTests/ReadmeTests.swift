// SPDX-License-Identifier: Apache-2.0

// The README is true: its library example is the compiled one and prints what it says; its command-line example is run
// and prints what it shows. (The second needs the model in the cache: scripts/fetch-model.)

import Foundation
import Similarity
import Testing
import TextEncoder
import VectorFiles

#if ModelHub
import HubTestSupport
#endif

@Suite struct ReadmeTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    private static let root = folder.deletingLastPathComponent().deletingLastPathComponent()

    private let readme: String

    init() throws {
        readme = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
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
        let pages = try ["CommandLine", "Hub", "FromTextsToAPicture", "Exactness", "Engines", "Jobs", "Formats"].map {
            name in
            try String(
                contentsOf: Self.root.appendingPathComponent("Documentation/Simile.docc/\(name).md"),
                encoding: .utf8
            )
        }
        var commands = ([readme] + pages).flatMap { page in
            page.components(separatedBy: "\n").filter { $0.hasPrefix("simile ") || $0.hasPrefix("cmp ") }
        }
        #expect(commands.count >= 45 && readme.components(separatedBy: "\n").count <= 110)
        // A server ends when it is told to, and then with 0.
        commands = commands.map { line in
            line.hasPrefix("simile serve") ? "timeout --preserve-status -s TERM 5 \(line) --port 0" : line
        }
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
        commands.removeAll {
            $0.contains("hub:") || $0.contains("simile serve") || $0.hasPrefix("simile models")
                || $0.hasPrefix("simile cache")
        }
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

    @Test func `the page for those who come from elsewhere is compiled, and gives what it says`() throws {
        let page = try String(
            contentsOf: Self.root.appendingPathComponent("Documentation/Simile.docc/ComingFrom.md"),
            encoding: .utf8
        )
        let source = try String(
            contentsOf: Self.folder.appendingPathComponent("ComingFromExamples.swift"),
            encoding: .utf8
        )
        let shown = page.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        let compiled = source.components(separatedBy: "// begin ").dropFirst().map { part in
            let lines = part.components(separatedBy: "// end ")[0].components(separatedBy: "\n").dropFirst().dropLast()
            return lines.map { $0.trimmingCharacters(in: .whitespaces) + "\n" }.joined()
        }
        #expect(shown == compiled && shown.count == 5)

        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("simile-from-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let corpus = VectorMatrix(rows: [[1, 0], [0.99, 0.01], [0, 1], [-1, 0.1], [-1, 0.11], [0.1, 1]])
        try VectorFile.write(corpus, to: folder.path + "/corpus.npy")
        try VectorFile.write(VectorMatrix(rows: [[0, 2]]), to: folder.path + "/queries.npy")
        let examples = ComingFromExamples(folder: folder.path)
        #expect(try examples.search() == 2)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/found.jsonl"))
        #expect(try examples.duplicates(corpus) == [0, 2, 3])
        #expect(try abs(examples.matrix(corpus) - 0.99995) < 1e-4)
        let labels = try examples.clusters(corpus)
        #expect(labels[0] == labels[1] && labels[2] == labels[5] && labels[3] == labels[4] && Set(labels).count == 3)
        let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
        #expect(try examples.texts(ModelLocation(cacheFolder: cache).folder()) == 2)
    }

    @Test func `every command has a page, which is its help`() throws {
        func help(_ arguments: String...) throws -> String {
            let process = Process()
            let binaries = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            process.executableURL = binaries.appendingPathComponent("simile")
            process.arguments = arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return text
        }
        let list = try help("--help").components(separatedBy: "SUBCOMMANDS:\n")[1].components(separatedBy: "\n\n")[0]
        let commands = list.matches(of: /(?m)^  ([a-z]+)/).map { String($0.1) }
        let pages = Self.root.appendingPathComponent("Documentation/Simile.docc/Commands")
        let names = try FileManager.default.contentsOfDirectory(atPath: pages.path).sorted()
        #expect(names == (commands + ["Commands"]).map { "\($0).md" }.sorted())
        for command in commands {
            let page = try String(contentsOf: pages.appendingPathComponent("\(command).md"), encoding: .utf8)
            let text = try help("help", command).trimmingCharacters(in: .newlines)
            let expected = "```\n\(text)\n```\n"
            #expect(page.hasSuffix(expected), "\(command): run scripts/command-pages")
        }
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
