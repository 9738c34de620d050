// SPDX-License-Identifier: Apache-2.0
//
// Levels are what their names say. The C module declares functions named after a kernel and a level; the table must hold each of
// them in that place and no other, which is found from the symbols of this test binary; and the machine code of each, read with
// objdump, must use the registers of its level. A level that quietly ran another's code would give right results and no speed,
// and nobody would know.

import Foundation
import SimilarityKernels
import Testing

#if arch(x86_64)
@Suite struct LevelCodeTests {
    /// A function of the C module: `simile_code_tile_avx2` is `codeTile` at `avx2`.
    private struct Override: Hashable, CustomStringConvertible {
        let kernel: Kernel
        let level: String

        var symbol: String {
            let name = kernel.rawValue.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
            return "simile_\(name)_\(level)"
        }
        var description: String { symbol }
    }

    private static let pairs = zip(KernelLevel.all, KernelLevel.all.dropFirst()).filter { $1.name != "baseline" }

    /// What the table overrides, by the addresses in it.
    private static let overrides: [Override: UInt] = {
        var found: [Override: UInt] = [:]
        for (below, level) in pairs {
            for kernel in Kernel.allCases {
                let address = level.kernels.address(of: kernel)
                if address != below.kernels.address(of: kernel) {
                    found[Override(kernel: kernel, level: level.name)] = address
                }
            }
        }
        return found
    }()

    @Test func `every function of the C module is in the table`() throws {
        let header = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/CSimilarityKernels/include/CSimilarityKernels.h").standardized
        let text = try String(contentsOf: header, encoding: .utf8)
        let declared = Set(
            text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init).filter { word in
                word.hasPrefix("simile_") && Self.pairs.contains { word.hasSuffix("_\($0.1.name)") }
                    && !word.hasPrefix("simile_has_")
            }
        )
        #expect(declared == Set(Self.overrides.keys.map(\.symbol)))
        #expect(Self.overrides.keys.filter { $0.level == "avx2" }.count == Kernel.allCases.count)
    }

    @Test func `every override is the function of its name, on the registers of its level`() throws {
        let symbols = try Self.symbols()
        var bases: Set<UInt> = []
        for (entry, address) in Self.overrides {
            let symbol = try #require(symbols[entry.symbol], "\(entry)")
            // The binary is loaded somewhere, and all of it at once.
            bases.insert(address &- symbol.address)
            let code = try Self.disassembly(from: symbol.address, count: symbol.size)
            let own = entry.level == "avx2" ? "ymm" : "zmm"
            #expect(code.contains(own), "\(entry) does not use \(own)")
            if entry.level == "avx2" { #expect(!code.contains("zmm"), "\(entry)") }
            let instruction: String? =
                switch (entry.kernel, entry.level) {
                case (.gemmTile, _): "vfmadd"
                case (.codeTile, "avx2"), (.codeRow, "avx2"): "vpmaddubsw"
                case (.codeTile, "avx512"), (.codeRow, "avx512"): "vpdpbusd"
                case (.codeProducts, "avx512"): "vpdpwssd"
                case (.byteProducts, "avx2"): "vpmaddwd"
                case (.byteProducts, "avx512"): "vpdpbusd"
                case (.codeTile, "amx"): "tdpbsud"
                case (.codeRow, "amx"): "vpdpbusd"
                default: nil
                }
            if let instruction { #expect(code.contains(instruction), "\(entry) has no \(instruction)") }
        }
        #expect(bases.count == 1, "an entry is another function than its name says")
    }

    private static func symbols() throws -> [String: (address: UInt, size: Int)] {
        var found: [String: (UInt, Int)] = [:]
        for line in try output(of: ["nm", "--print-size", executable]).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 4, let address = UInt(fields[0], radix: 16), let size = Int(fields[1], radix: 16)
            else {
                continue
            }
            found[String(fields[3])] = (address, size)
        }
        return found
    }

    private static func disassembly(from start: UInt, count: Int) throws -> String {
        try output(of: [
            "objdump", "-d", "--no-show-raw-insn", "--start-address=\(start)", "--stop-address=\(start + UInt(count))",
            executable,
        ])
    }

    private static var executable: String { "/proc/\(ProcessInfo.processInfo.processIdentifier)/exe" }

    private static func output(of command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command[0]) (binutils) is needed to check the machine code")
        return text
    }
}
#endif
