// SPDX-License-Identifier: Apache-2.0
//
// The Euclidean verdict must not fuse its multiply and its add: the square of a difference is rounded before it is added.
// Equal bits on test inputs do not prove that for other compilers, so the machine code of this very test binary is read
// with objdump, a required tool: without it these tests fail. The dot product, which may fuse, is the control that the
// search finds such instructions where they are.

import Foundation
import Testing

@Suite struct ContractionTests {
    /// x86 `vfmadd231pd` and kin, ARM `fmadd`, `fmla` and kin, and calls of the library function.
    private static func isFused(_ instruction: Substring) -> Bool {
        instruction.contains(/\b(vfn?m(add|sub)\w*|fn?m(add|sub)|fml[as])\b|<fmaf?(@[^>]*)?>/)
    }

    private struct ToolFailure: Error, CustomStringConvertible { let description: String }

    private static func objdump(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["objdump"] + arguments + ["/proc/\(ProcessInfo.processInfo.processIdentifier)/exe"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ToolFailure(
                description:
                    "objdump (binutils) is needed to check the machine code of the verdict: env objdump ended with \(process.terminationStatus)"
            )
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The instructions of every function whose symbol holds `part`.
    private static func functions(matching part: String) throws -> [(symbol: String, code: [Substring])] {
        let symbols = Set(
            try objdump(["--syms"]).split(separator: "\n").filter { $0.contains(" F ") && $0.contains(part) }
                .compactMap { $0.split(whereSeparator: \.isWhitespace).last.map(String.init) }
        )
        return try symbols.sorted().map { symbol in
            let text = try objdump(["--disassemble=\(symbol)", "--no-show-raw-insn"])
            return (symbol, text.split(separator: "\n").filter { $0.contains(":\t") })
        }
    }

    #if arch(x86_64)
    @Test("the AVX2 distance exists and has no fused multiply-add; the AVX2 dot product has")
    func vectorized() throws {
        let distance = try Self.functions(matching: "simile_verdict_squared_distance_avx2")
        #expect(distance.map(\.symbol) == ["simile_verdict_squared_distance_avx2"])
        let code = try #require(distance.first).code
        #expect(code.contains { $0.contains("vmulpd") } && code.contains { $0.contains("vaddpd") })
        #expect(code.filter(Self.isFused) == [])
        let dot = try #require(try Self.functions(matching: "simile_verdict_dot_avx2").first)
        #expect(dot.code.contains(where: Self.isFused), "the search for fused instructions finds none at all")
    }
    #endif

    @Test(
        "the Swift distances exist and have no fused multiply-add",
        arguments: ["referenceSquaredDistance", "simdSquaredDistance"]
    )
    func swift(name: String) throws {
        let found = try Self.functions(matching: name)
        #expect(!found.isEmpty, "no function of that name: inlined everywhere, or renamed")
        for function in found {
            #expect(!function.code.isEmpty, "\(function.symbol) has no code")
            #expect(function.code.filter(Self.isFused) == [], "\(function.symbol)")
        }
    }
}
