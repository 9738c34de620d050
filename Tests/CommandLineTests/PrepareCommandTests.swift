// SPDX-License-Identifier: Apache-2.0

// `simile prepare`, and a prepared corpus wherever a corpus is taken: the bytes of the plain file, or a refusal.

import Foundation
import Testing

@Suite struct PrepareCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("corpus.npy", NumpyBytes.floats(Self.rows(700, 24, seed: 1)))
        try folder.write("queries.npy", NumpyBytes.floats(Self.rows(30, 24, seed: 2)))
        try folder.write("corpus.ids.jsonl", (0..<700).map { "{\"id\":\"row \($0)\"}\n" }.joined())
    }

    /// Numbers of a small generator of the test's own, smaller along the coordinates.
    private static func rows(_ count: Int, _ dimension: Int, seed: UInt32) -> [[Float]] {
        var state = seed
        return (0..<count).map { _ in
            (0..<dimension).map { i in
                state = state &* 1_664_525 &+ 1_013_904_223
                return (Float(state >> 8) / Float(1 << 24) - 0.5) / Float(i + 1)
            }
        }
    }

    private func prepare(_ options: String...) throws -> CommandRun {
        try folder.run(
            executable: CommandRun.binary,
            ["prepare", "--corpus", "corpus.npy", "--output", "c.simile"] + options,
            environment: [:]
        )
    }

    @Test(arguments: ["cosine", "dot", "euclidean"], [[], ["--embed-source"]])
    func `a prepared corpus gives the bytes of the plain one`(metric: String, options: [String]) throws {
        let run = try folder.run(
            executable: CommandRun.binary,
            ["prepare", "--corpus", "corpus.npy", "--output", "c.simile", "--metric", metric] + options,
            environment: [:]
        )
        #expect(run.status == 0, "\(run.errors)")
        func search(_ corpus: String, _ more: String...) throws -> CommandRun {
            try folder.run(
                executable: CommandRun.binary,
                ["search", "--queries", "queries.npy", "--corpus", corpus, "-k", "5"] + more,
                environment: [:]
            )
        }
        let plain = try search("corpus.npy", "--metric", metric, "--engine", "reference")
        // An embedded source may go away.
        if !options.isEmpty {
            for name in ["corpus.npy", "corpus.ids.jsonl"] {
                try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
            }
        }
        let found = try search("c.simile")
        #expect(found.status == 0 && plain.status == 0, "\(found.errors)\(plain.errors)")
        #expect(found.output == plain.output && found.lines.count == 30 && found.output.contains("row "))
        let threshold = metric == "euclidean" ? "0.2" : "0.05"
        let joined = try folder.run("join", "--left", "queries.npy", "--right", "c.simile", "--threshold", threshold)
        #expect(joined.status == 0 && !joined.lines.isEmpty, "\(joined.errors)")
    }

    @Test func `another metric, a damaged file and a changed source are refused by name`() throws {
        #expect(try prepare().status == 0)
        let metric = try folder.run("search", "--queries", "queries.npy", "--corpus", "c.simile", "--metric", "dot")
        #expect(metric.status == 2 && metric.errors.contains("cosine"), "\(metric.errors)")
        let bytes = try folder.bytes("c.simile")
        var damaged = bytes
        damaged[bytes.count / 2] ^= 1
        try folder.write("damaged.simile", damaged)
        for (name, content) in [
            ("damaged.simile", damaged), ("cut.simile", Array(bytes.dropLast(9))), ("empty.simile", []),
        ] {
            try folder.write(name, content)
            let run = try folder.run("search", "--queries", "queries.npy", "--corpus", name)
            #expect(run.status != 0 && run.output.isEmpty && run.errors.contains(name), "\(run.errors)")
        }
        var source = try folder.bytes("corpus.npy")
        source[source.count - 2] ^= 1
        try folder.write("corpus.npy", source)
        let changed = try folder.run("search", "--queries", "queries.npy", "--corpus", "c.simile")
        #expect(
            changed.status != 0 && changed.output.isEmpty && changed.errors.contains("corpus.npy"),
            "\(changed.errors)"
        )
    }

    @Test func `vectors that lie nowhere else are put inside`() throws {
        try folder.write("v.csv", "id,embedding\na,\"[1, 2]\"\nb,\"[3, 1]\"\n")
        try folder.write("v.jsonl", #"{"id":"a","embedding":[1,2]}\#n{"id":"b","embedding":[3,1]}\#n"#)
        var lines = [
            "$SIMILE prepare --corpus v.csv --output c.simile", "$SIMILE prepare --corpus v.jsonl --output c.simile",
            "$SIMILE convert --input v.jsonl --output v.parquet && $SIMILE prepare --corpus v.parquet --output c.simile",
            "cat v.jsonl | $SIMILE prepare --corpus - --output c.simile",
        ]
        #if Compression
        lines.append("gzip -k v.csv && $SIMILE prepare --corpus v.csv.gz --output c.simile")
        #endif
        for line in lines {
            let run = try folder.shell(line)
            #expect(run.status == 0 && run.errors.contains("vectors embedded"), "\(line): \(run.errors)")
            let found = try folder.run("search", "--queries", "v.csv", "--corpus", "c.simile", "-k", "1")
            #expect(found.lines.count == 2 && found.output.contains(#""id":"b""#), "\(line): \(found.errors)")
            let facts = try folder.run("info", "c.simile")
            #expect(facts.output.contains(#""embedded":true"#) && !facts.output.contains("/tmp"), "\(facts.output)")
        }
    }

    @Test func `the source may be a tensor of a file`() throws {
        let search = ["search", "--queries", "queries.npy", "--corpus", "c.simile", "-k", "3"]
        for line in [
            "$SIMILE convert --input corpus.npy --output v.safetensors",
            "$SIMILE prepare --corpus v.safetensors#embeddings --output c.simile", "touch v.safetensors",
        ] {
            let run = try folder.shell(line)
            #expect(run.status == 0, "\(line): \(run.errors)")
        }
        let found = try folder.run(executable: CommandRun.binary, search, environment: [:])
        #expect(found.status == 0 && found.lines.count == 30, "\(found.errors)")
        #expect(try folder.run("info", "c.simile").output.contains("unchanged"))
        _ = try folder.shell("truncate -s -4 v.safetensors")
        let refused = try folder.run(executable: CommandRun.binary, search, environment: [:])
        #expect(
            refused.status == 3 && refused.errors.contains("v.safetensors#embeddings has changed"),
            "\(refused.errors)"
        )
    }

    @Test func `what cannot be prepared leaves no file`() throws {
        try folder.write("nan.npy", NumpyBytes.floats([[1, 2], [.nan, 1]]))
        try folder.write("text.npy", "no array")
        #expect(try prepare().status == 0)
        let before = try folder.files()
        for corpus in ["nan.npy", "text.npy", "missing.npy", "c.simile"] {
            let run = try folder.run("prepare", "--corpus", corpus, "--output", "x.simile")
            #expect(run.status != 0 && run.errors.contains(corpus), "\(run.errors)")
        }
        #expect(try folder.files() == before)
    }

    @Test func `an interrupt leaves no file`() throws {
        // 100 MB of half floats below 1, which take a second or more.
        let (rows, dimension) = (819_200, 64)
        var state: UInt32 = 7
        let block = (0..<512 * dimension).flatMap { _ -> [UInt8] in
            state = state &* 1_664_525 &+ 1_013_904_223
            return NumpyBytes.bytes(UInt16(0x3000 + (state >> 20)))
        }
        try folder.write("large.npy", NumpyBytes.file("<f2", "(\(rows), \(dimension))", data: []))
        let file = try #require(FileHandle(forWritingAtPath: "\(folder.path)/large.npy"))
        try file.seekToEnd()
        for _ in 0..<rows / 512 { try file.write(contentsOf: block) }
        try file.close()
        let before = try folder.files()

        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = ["prepare", "--corpus", "large.npy", "--output", "large.simile"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardError = FileHandle.nullDevice
        try process.run()
        Thread.sleep(forTimeInterval: 0.15)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(try folder.files() == before)
    }
}
