// SPDX-License-Identifier: Apache-2.0

// SIMILE_INSTRUCTION_SET from outside: `info` names the level that runs, every level and engine writes the same bytes for a
// search and for both kinds of join, and a level that cannot be had ends the process instead of becoming another. The rows
// have a spectrum that falls, so that `bounded` rotates and cuts them, and repeated rows, so that ties must fall alike.

import Foundation
import Similarity
import Testing

@Suite struct InstructionSetTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        var state: UInt64 = 7
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) * 0x1p-23
        }
        let rows = (0..<700).map { _ in (0..<43).map { next() / Float(1 + $0) } }
        try folder.write("c.npy", NumpyBytes.floats(rows + rows.prefix(60)))
        try folder.write("q.npy", NumpyBytes.floats(Array(rows.suffix(70))))
    }

    private static let levels: [String] = {
        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let flags = processor.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
        let hasAVX2 = ["avx2", "fma", "f16c", "popcnt"].allSatisfy { flags.contains(Substring($0)) }
        let hasAVX512 = ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"].allSatisfy {
            flags.contains(Substring($0))
        }
        let hasAMX = ["amx_tile", "amx_int8"].allSatisfy { flags.contains(Substring($0)) }
        return ["reference", "baseline"] + (hasAVX2 ? ["avx2"] : []) + (hasAVX2 && hasAVX512 ? ["avx512"] : [])
            + (hasAVX2 && hasAVX512 && hasAMX ? ["amx"] : [])
    }()

    private func run(_ arguments: [String], level: String) throws -> CommandRun {
        try folder.run(
            executable: CommandRun.binary,
            arguments,
            // A process that ends itself need not explain where it was.
            environment: ["SIMILE_INSTRUCTION_SET": level, "SWIFT_BACKTRACE": "enable=no"]
        )
    }

    @Test func `info names the level that runs`() throws {
        for level in Self.levels {
            let info = try run(["info", "--format", "json"], level: level)
            #expect(info.status == 0 && info.output.contains(#""isa":"\#(level)""#), "\(info.output)")
        }
        let fastest = try run(["info", "--format", "json"], level: "")
        #expect(fastest.output.contains(#""isa":"\#(Self.levels.last ?? "")""#), "an empty name is no name")
    }

    @Test func `a level that cannot be had is wrong usage, with its name and those that can`() throws {
        let lacking = ["avx2", "avx512", "amx"].filter { !Self.levels.contains($0) }
        for level in lacking + ["AVX2", "simd", "avx1024"] {
            let search = try run(["search", "--queries", "q.npy", "--corpus", "c.npy"], level: level)
            #expect(search.status == 2 && search.output.isEmpty)
            let reason = lacking.contains(level) ? "which needs" : "which is none"
            #expect(search.errors.contains("SIMILE_INSTRUCTION_SET is '\(level)', \(reason)"), "\(search.errors)")
            #expect(search.errors.contains("expected one that this machine has: reference, baseline"))
        }
    }

    @Test func `where the system refuses tiles, the level below is used`() throws {
        let refuser = URL(fileURLWithPath: CommandRun.binary).deletingLastPathComponent()
            .appendingPathComponent("refused-tiles").path
        func refused(_ arguments: [String], level: String) throws -> CommandRun {
            try folder.run(
                executable: refuser,
                [CommandRun.binary] + arguments,
                environment: ["SIMILE_INSTRUCTION_SET": level, "SWIFT_BACKTRACE": "enable=no"]
            )
        }
        let hasAMX = Self.levels.last == "amx"
        let info = try refused(["info", "--format", "json"], level: "")
        let expected = hasAMX ? "avx512" : Self.levels.last ?? ""
        #expect(info.status == 0 && info.output.contains(#""isa":"\#(expected)""#), "\(info.output)")
        let reason = "the system refuses this process the tiles of amx: Operation not permitted"
        #expect(info.errors.contains(reason) == hasAMX, "\(info.errors)")
        let search = [
            "search", "--queries", "q.npy", "--corpus", "c.npy", "--engine", "bounded", "--output", "r.jsonl",
        ]
        _ = try run(search, level: "")
        let bytes = try folder.bytes("r.jsonl")
        let found = try refused(search, level: "")
        #expect(found.status == 0, "\(found.errors)")
        #expect(try folder.bytes("r.jsonl") == bytes)
        let forced = try refused(["info"], level: "amx")
        #expect(forced.status == 2 && forced.errors.contains(hasAMX ? reason : "which needs"), "\(forced.errors)")
        #expect(
            forced.errors.hasSuffix(
                "expected one that this machine has: \(Self.levels.filter { $0 != "amx" }.joined(separator: ", "))\n"
            )
        )
        if !hasAMX { print("refused tiles were not seen: this machine has none") }
    }

    @Test func `a prepared file is used at every level, whichever made it`() throws {
        let search = ["search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "7", "--output", "r.jsonl"]
        _ = try run(search, level: "reference")
        let expected = try folder.bytes("r.jsonl")
        for made in Self.levels {
            let file = "\(made).simile"
            let prepared = try run(["prepare", "--corpus", "c.npy", "--output", file], level: made)
            #expect(prepared.status == 0, "\(prepared.errors)")
            for used in Self.levels {
                let found = try run(
                    ["search", "--queries", "q.npy", "--corpus", file, "-k", "7", "--output", "r.jsonl"],
                    level: used
                )
                #expect(found.status == 0, "\(found.errors)")
                #expect(try folder.bytes("r.jsonl") == expected, "made at \(made), used at \(used)")
            }
        }
    }

    @Test(arguments: ["cosine", "dot", "euclidean"])
    func `every level and engine writes the same bytes`(metric: String) throws {
        let threshold = ["cosine": "0.9", "dot": "0.6", "euclidean": "0.7"][metric] ?? ""
        let jobs = [
            ["search", "--queries", "q.npy", "--corpus", "c.npy", "-k", "7"],
            ["join", "--left", "c.npy", "--threshold", threshold],
            ["join", "--left", "q.npy", "--right", "c.npy", "--threshold", threshold],
        ]
        for job in jobs {
            var first: [UInt8]?
            for level in Self.levels {
                for engine in Engine.available {
                    let options = ["--metric", metric, "--engine", engine.name, "--output", "r.jsonl"]
                    let done = try run(job + options, level: level)
                    #expect(done.status == 0, "\(done.errors)")
                    let bytes = try folder.bytes("r.jsonl")
                    #expect(bytes == first ?? bytes, "\(job[0]), \(metric), \(engine), \(level)")
                    #expect(bytes.count > 2000, "a result with nothing in it proves nothing")
                    first = first ?? bytes
                }
            }
        }
    }
}
