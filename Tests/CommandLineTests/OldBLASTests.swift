// SPDX-License-Identifier: Apache-2.0

// An OpenBLAS that takes the processor for an old one: forced with OPENBLAS_CORETYPE, found out, told, and passed over, without a
// change in any result.

#if OpenBLAS && arch(x86_64)
import Foundation
import Testing

@Suite struct OldBLASTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        func component(_ row: Int, _ column: Int) -> Float { Float((row * 37 + column * 11) % 64) / 64 - 0.5 }
        let rows = (0..<300).map { row in (0..<40).map { component(row, $0) } }
        try folder.write("v.npy", NumpyBytes.floats(rows))
    }

    @Test func `an OpenBLAS that does not know the processor is found out and passed over`() throws {
        let machine = try folder.run("info", "--format", "json").output
        // Without AVX2 there is no tile of our own that would be faster.
        guard !["reference", "baseline"].contains(where: { machine.contains("\"isa\":\"\($0)\"") }) else { return }
        let old = ["OPENBLAS_CORETYPE": "Prescott"]
        let info = try folder.run("info", "--format", "json", environment: old)
        #expect(
            info.output.contains(#""core":"Prescott""#) && info.errors.contains("takes this processor for 'Prescott'")
        )
        #expect(
            info.errors.contains("OPENBLAS_CORETYPE=") && info.output.contains(#""engine":"simd""#),
            "\(info.output)"
        )
        #expect(["avx", "amx"].contains { info.output.contains("\"gemm\":\"\($0)") }, "\(info.output)")
        let arguments = ["search", "--queries", "v.npy", "--corpus", "v.npy", "-k", "5", "--format", "csv"]
        let known = try folder.run(executable: CommandRun.binary, arguments, environment: [:])
        let unknown = try folder.run(executable: CommandRun.binary, arguments, environment: old)
        #expect(known.status == 0 && known.lines.count == 1501 && known.output == unknown.output)
        let explained = try folder.run(executable: CommandRun.binary, arguments + ["--explain"], environment: old)
        #expect(explained.errors.contains("takes this processor for 'Prescott'"), "\(explained.errors)")
        let forced = try folder.run(executable: CommandRun.binary, arguments + ["--engine", "blas"], environment: old)
        #expect(forced.output == known.output)
        let counters = try folder.run(
            executable: CommandRun.binary,
            ["search", "--queries", "v.npy", "--corpus", "v.npy", "-k", "5", "--format", "json"],
            environment: old
        )
        #expect(counters.output.contains(#""engine":"simd""#), "\(counters.output.suffix(200))")
    }
}
#endif
