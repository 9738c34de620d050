// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

/// C <- A * B^T for row-major A (m x d), B (n x d), C (m x n).
///
/// Requires: `a`, `b` readable and `c` writable for the stated extents; leading dimensions in elements, `aStride` and
/// `bStride` >= d, `cStride` >= n; any alignment; `c` overlaps neither input. m, n or d may be zero; with d == 0 the
/// tile is filled with zeros. `c` is written, never read, so it may hold NaN. All sizes are below 2^31: callers pass
/// tiles, never whole matrices.
///
/// Rounding: terms may be added in any order, fused or not; per entry `|error| <= g * sum |a||b| + d * 2^-149`, where
/// `g = d*u / (1 - d*u)` and `u = 2^-24`. One row of C may have other last bits when it stands at another place of the
/// tile.
package enum GEMM {
    /// Whose multiply it is. That is another question than the level: an OpenBLAS has its own way of knowing the processor.
    package enum Provider: Sendable, Hashable, CustomStringConvertible {
        /// The tile of a level of our own.
        case own(KernelLevel)
        /// `cblas_sgemm`; only with the trait `OpenBLAS`.
        case openBLAS

        package var description: String {
            switch self {
            case .own(let level): level.name
            case .openBLAS: "openblas"
            }
        }
    }

    /// The providers of this build that the machine has, slowest first.
    package static let providers: [Provider] = {
        let own = KernelLevel.available.map { Provider.own($0) }
        #if OpenBLAS
        return own + [.openBLAS]
        #else
        return own
        #endif
    }()

    /// The tile of our own at the level of this process.
    package static var own: Provider { .own(.current) }

    /// The fastest: OpenBLAS, unless it is not built in or takes the processor for an older one.
    package static let preferred: Provider = {
        #if OpenBLAS
        OpenBLASRuntime.isBelowLevel ? own : .openBLAS
        #else
        own
        #endif
    }()

    /// Computes one tile of C = A * B^T.
    package static func multiplyTransposed(
        _ provider: Provider,
        a: UnsafePointer<Float>,
        aStride: Int,
        rows: Int,
        b: UnsafePointer<Float>,
        bStride: Int,
        columns: Int,
        depth: Int,
        c: UnsafeMutablePointer<Float>,
        cStride: Int
    ) {
        assert(rows >= 0 && columns >= 0 && depth >= 0)
        assert(aStride >= depth && bStride >= depth && cStride >= columns)
        if rows == 0 || columns == 0 { return }
        if depth == 0 {
            for i in 0..<rows { unsafe (c + i * cStride).update(repeating: 0, count: columns) }
            return
        }
        #if OpenBLAS
        if provider == .openBLAS {
            return unsafe openBLASMultiply(
                a: a,
                aStride: aStride,
                rows: rows,
                b: b,
                bStride: bStride,
                columns: columns,
                depth: depth,
                c: c,
                cStride: cStride
            )
        }
        #endif
        guard case .own(let level) = provider else { preconditionFailure("this build has no OpenBLAS") }
        unsafe withUnsafeTemporaryAllocation(byteCount: 4 * Int(SIMILE_GEMM_WORKSPACE), alignment: 64) { workspace in
            guard let floats = unsafe workspace.bindMemory(to: Float.self).baseAddress else { return }
            unsafe level.kernels.gemmTile(a, aStride, rows, b, bStride, columns, depth, c, cStride, floats)
        }
    }

    static func referenceTile(
        _ a: UnsafePointer<Float>,
        _ aStride: Int,
        _ rows: Int,
        _ b: UnsafePointer<Float>,
        _ bStride: Int,
        _ columns: Int,
        _ depth: Int,
        _ c: UnsafeMutablePointer<Float>,
        _ cStride: Int
    ) {
        for i in 0..<rows {
            for j in 0..<columns {
                var sum: Float = 0
                for p in 0..<depth { unsafe sum += a[i * aStride + p] * b[j * bStride + p] }
                unsafe c[i * cStride + j] = sum
            }
        }
    }

    /// Whether the system has room for what a provider needs beside its operands when so many threads multiply at once.
    package static func hasRoom(_ provider: Provider, threads: Int) -> Bool {
        #if OpenBLAS
        if provider == .openBLAS { return OpenBLASRoom.isThere(threads: threads) }
        #endif
        return true
    }
}
