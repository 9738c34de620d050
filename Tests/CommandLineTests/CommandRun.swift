// SPDX-License-Identifier: Apache-2.0

// Runs the built `simile` as its users do: another process, its own folder, its exit code, what it prints.

import Foundation
import Testing

/// What one run of the command line gave.
struct CommandRun {
    let status: Int32
    let output: String
    let errors: String

    /// The lines of standard output.
    var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) }

    /// The binary that was built with the tests: it lies beside them.
    static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("simile").path
}

/// A folder of a test's own, removed with it.
final class WorkFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("simile-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Runs `simile` in the folder.
    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> CommandRun {
        try run(executable: CommandRun.binary, arguments, environment: environment)
    }

    /// Runs a shell line in the folder; `$SIMILE` is the binary.
    func shell(_ line: String) throws -> CommandRun {
        try run(executable: "/bin/sh", ["-c", line], environment: ["SIMILE": CommandRun.binary])
    }

    func run(executable: String, _ arguments: [String], environment: [String: String]) throws -> CommandRun {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files rather than pipes: nothing can fill up.
        let streams = FileManager.default.temporaryDirectory.appendingPathComponent("simile-io-\(UUID().uuidString)")
            .path
        defer { for name in ["out", "err"] { try? FileManager.default.removeItem(atPath: "\(streams).\(name)") } }
        for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: "\(streams).\(name)", contents: nil) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: "\(streams).out")
        process.standardError = FileHandle(forWritingAtPath: "\(streams).err")
        try process.run()
        process.waitUntilExit()
        return CommandRun(
            status: process.terminationStatus,
            output: try String(contentsOfFile: "\(streams).out", encoding: .utf8),
            errors: try String(contentsOfFile: "\(streams).err", encoding: .utf8)
        )
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    /// Everything in the folder, hidden files included, but for the records of runs, which every result has beside it.
    func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasSuffix(".run.json") }.sorted()
    }
}

/// The bytes of `.npy` files, made by hand so that the writer under test has no part in them.
enum NumpyBytes {
    static func file(
        _ descriptor: String,
        _ shape: String,
        order: String = "False",
        version: UInt8 = 1,
        data: [UInt8]
    ) -> [UInt8] {
        let text = "{'descr': '\(descriptor)', 'fortran_order': \(order), 'shape': \(shape), }\n"
        let count = text.utf8.count
        let length: [UInt8] = [UInt8(count & 255), UInt8(count >> 8)] + (version == 1 ? [] : [0, 0])
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(text.utf8) + data
    }

    static func floats(_ rows: [[Float]]) -> [UInt8] {
        file("<f4", "(\(rows.count), \(rows.first?.count ?? 0))", data: rows.joined().flatMap { bytes($0.bitPattern) })
    }

    static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) }
    }
}
