// SPDX-License-Identifier: Apache-2.0
//
// What fuzzing has found (scripts/fuzz), fed again to the parsers it was found in; and the fixtures of the tree, whole, cut short and with bits
// turned, so that a parser that crashes is seen here first.

import Foundation
import Testing

@Suite struct FuzzFindingTests {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    private func feed(_ target: String, _ files: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary).deletingLastPathComponent()
            .appendingPathComponent("fuzz-parsers")
        process.arguments = [target] + files
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0, "\(target)")
    }

    private static func names(_ folder: String) -> [String] {
        let path = tests.appendingPathComponent(folder).path
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().map { "\(path)/\($0)" }
    }

    @Test func `findings are no crash any more`() throws {
        for folder in Self.names("FuzzFindings") {
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
            try feed(URL(fileURLWithPath: folder).lastPathComponent, files)
        }
    }

    @Test(arguments: [
        ("VectorFilesTests/Fixtures", "npy", ["vectors.npy", "labels"]),
        ("ParquetTests/Fixtures", "parquet", ["parquet-file", "vectors.parquet", "texts.parquet"]),
        ("TextEncoderTests/Fixtures", "json", ["json", "tokenizer", "hub-answer", "request", "manifest"]),
    ]) func `fixtures that are damaged are no crash`(folder: String, ending: String, targets: [String]) throws {
        let work = try WorkFolder()
        var files: [String] = []
        var state: UInt64 = 88_172_645_463_325_252
        for path in Self.names(folder) where path.hasSuffix("." + ending) {
            guard let whole = FileManager.default.contents(atPath: path), whole.count < 100_000 else { continue }
            for variant in 0..<12 {
                var bytes = [UInt8](whole)
                if variant % 3 == 1 { bytes = Array(bytes.prefix(bytes.count * variant / 12)) }
                if variant % 3 == 2, !bytes.isEmpty {
                    for _ in 0..<variant {
                        state ^= state << 13
                        state ^= state >> 7
                        state ^= state << 17
                        bytes[Int(state % UInt64(min(bytes.count, 256 * variant)))] ^= UInt8(1 << (state >> 60 & 7))
                    }
                }
                let name = "\(files.count)"
                try work.write(name, bytes)
                files.append("\(work.path)/\(name)")
            }
        }
        try #require(files.count >= 12)
        for target in targets { try feed(target, files) }
    }
}
