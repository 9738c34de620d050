// SPDX-License-Identifier: Apache-2.0
//
// The GEMM tiles of our own are what their names say: the machine code of this test binary is read with objdump, and each has
// fused multiply-adds on the registers of its level. A tile that quietly ran another level's code would give right results and no
// speed, and nobody would know.

import Foundation
import Testing

#if arch(x86_64)
@Suite struct GEMMCodeTests {
    @Test(arguments: [("avx2", "ymm", "zmm"), ("avx512", "zmm", "ymm")])
    func `a tile multiplies on the registers of its level`(level: String, own: String, other: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "objdump", "--disassemble=simile_gemm_tile_\(level)", "--no-show-raw-insn",
            "/proc/\(ProcessInfo.processInfo.processIdentifier)/exe",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "objdump (binutils) is needed to check the machine code")
        let multiplies = text.split(separator: "\n").filter { $0.contains("vfmadd") && $0.contains("ps") }
        // A block of each height: 6 x 2, 4 x 2 and 1 x 2 at AVX2.
        #expect(multiplies.filter { $0.contains(own) }.count >= 22, "\(multiplies.count)")
        #expect(multiplies.allSatisfy { !$0.contains(other) })
    }
}
#endif
