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
    /// Backends of this kernel in this build and on this machine, slowest first.
    package static let backends: [KernelBackend] = {
        var backends = KernelBackend.vectorBackends
        if simile_has_avx512() { backends.append(.avx512) }
        #if OpenBLAS
        backends.append(.openBLAS)
        #endif
        return backends
    }()

    /// The fastest tile of our own; at most at the level that is forced.
    package static let own: KernelBackend = {
        let isForced = KernelBackend.forcedLevel.map { !$0.isEmpty } ?? false
        return KernelBackend.fastestVector == .avx2 && !isForced && simile_has_avx512()
            ? .avx512 : KernelBackend.fastestVector
    }()

    /// The fastest backend: OpenBLAS, unless it is not built in or takes the processor for an older one.
    package static let preferred: KernelBackend = {
        #if OpenBLAS
        OpenBLASRuntime.knowsProcessor || ![.avx2, .avx512].contains(own) ? .openBLAS : own
        #else
        own
        #endif
    }()

    /// Computes one tile of C = A * B^T.
    package static func multiplyTransposed(
        _ backend: KernelBackend,
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
        if backend == .openBLAS {
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
        if backend == .avx2 || backend == .avx512 {
            let multiply = unsafe backend == .avx512 ? simile_gemm_tile_avx512 : simile_gemm_tile_avx2
            unsafe withUnsafeTemporaryAllocation(byteCount: 4 * Int(SIMILE_GEMM_WORKSPACE), alignment: 64) {
                workspace in
                let floats = unsafe workspace.bindMemory(to: Float.self).baseAddress
                unsafe multiply(a, aStride, rows, b, bStride, columns, depth, c, cStride, floats)
            }
        } else if backend == .reference {
            unsafe referenceMultiply(
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
        } else {
            unsafe simdMultiply(
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
    }

    private static func referenceMultiply(
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
        for i in 0..<rows {
            for j in 0..<columns {
                var sum: Float = 0
                for p in 0..<depth { unsafe sum += a[i * aStride + p] * b[j * bStride + p] }
                unsafe c[i * cStride + j] = sum
            }
        }
    }
}
