// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels

// The table of levels, each the one before with its overrides. A new level is a C file with functions of its own and one
// entry here; tests, `SIMILE_INSTRUCTION_SET` and `simile info` find it in `all`. Nothing else asks for a level by its name.

extension KernelLevel {
    /// All levels of this architecture, slowest first, whether the machine has them or not.
    package static let all: [KernelLevel] = {
        #if arch(x86_64)
        [reference, baseline, avx2, avx512, amx]
        #else
        [reference, baseline]
        #endif
    }()

    /// Plain loops, to be checked by hand.
    package static let reference = KernelLevel(
        name: "reference",
        requirement: "nothing",
        isSupported: true,
        needsTiles: false,
        below: nil,
        olderBLASCores: [],
        remedyBLASCore: "",
        kernels: unsafe KernelTable(
            verdictDot: { a, b, depth in unsafe Verdict.referenceDot(a, b, depth: depth) },
            verdictSquaredDistance: { a, b, depth in unsafe Verdict.referenceSquaredDistance(a, b, depth: depth) },
            verdictSquaredNorms: { rows, stride, count, depth, sums in
                for r in 0..<count {
                    let row = unsafe rows + r * stride
                    unsafe sums[r] = Verdict.referenceDot(row, row, depth: depth)
                }
            },
            dotRows: { query, rows, stride, count, depth, scores in
                for r in 0..<count { unsafe scores[r] = DotRows.referenceDot(query, rows + r * stride, depth: depth) }
            },
            dotRowsWithNorms: { query, rows, stride, count, depth, scores, sums in
                for r in 0..<count {
                    let row = unsafe rows + r * stride
                    unsafe scores[r] = DotRows.referenceDot(query, row, depth: depth)
                    unsafe sums[r] = Verdict.referenceDot(row, row, depth: depth)
                }
            },
            thresholdScan: { scores, norms, offsets, slope, base, count, survivors in
                unsafe ThresholdScan.reference(scores, norms, offsets, slope, base, 0..<count, survivors, found: 0)
            },
            convertFloat16: { halves, count, values in unsafe ElementConversion.widen(halves, count, values) },
            gemmTile: { a, aStride, rows, b, bStride, columns, depth, c, cStride, _ in
                unsafe GEMM.referenceTile(a, aStride, rows, b, bStride, columns, depth, c, cStride)
            },
            extent: { y, count, largest in unsafe Quantizer.referenceExtent(y, count, largest) },
            quantize: { y, count, scale, limit, codes in
                unsafe Quantizer.reference(y, count, scale, limit, codes)
            },
            codeTile: { tile, panel, survivors, capacity in
                unsafe CodeTile.reference(tile, panel, survivors, capacity)
            },
            codeRow: { tile, panel, survivors, capacity in
                unsafe CodeTile.reference(tile, panel, survivors, capacity)
            },
            codeProducts: { survivors, count, queries, rows, depth, products in
                unsafe CodeProduct.reference(survivors, count, queries, rows, depth, products)
            },
            gelu: { values, bias, count in unsafe Activations.referenceGELU(values, bias, count) },
            softmax: { row, count, scale in unsafe Activations.referenceSoftmax(row, count, scale) },
            byteRow: { x, count, codes in unsafe ByteProducts.referenceRow(x, count, codes) },
            byteProducts: { product in unsafe ByteProducts.reference(product.pointee) },
            hamming: { query, rows, width, count, distances in
                unsafe HammingScan.reference(query, rows, width, count, distances)
            }
        ),
        codes: .narrow,
        queries: .quads,
        costs: .reference
    )

    /// Swift SIMD types, compiled for the baseline of the architecture: SSE2, or NEON.
    package static let baseline = reference.overridden(
        as: "baseline",
        requirement: "nothing",
        isSupported: true,
        costs: .baseline
    ) { kernels in
        unsafe kernels.verdictDot = { a, b, depth in unsafe Verdict.simdDot(a, b, depth: depth) }
        unsafe kernels.verdictSquaredDistance = { a, b, depth in unsafe Verdict.simdSquaredDistance(a, b, depth: depth)
        }
        unsafe kernels.verdictSquaredNorms = { rows, stride, count, depth, sums in
            for r in 0..<count {
                let row = unsafe rows + r * stride
                unsafe sums[r] = Verdict.simdDot(row, row, depth: depth)
            }
        }
        unsafe kernels.dotRows = { query, rows, stride, count, depth, scores in
            for r in 0..<count { unsafe scores[r] = DotRows.simdDot(query, rows + r * stride, depth: depth) }
        }
        // Row by row: the second look at a row finds it in the first-level cache.
        unsafe kernels.dotRowsWithNorms = { query, rows, stride, count, depth, scores, sums in
            for r in 0..<count {
                let row = unsafe rows + r * stride
                unsafe scores[r] = DotRows.simdDot(query, row, depth: depth)
                unsafe sums[r] = Verdict.simdDot(row, row, depth: depth)
            }
        }
        unsafe kernels.thresholdScan = { scores, norms, offsets, slope, base, count, survivors in
            unsafe ThresholdScan.simd(scores, norms, offsets, slope, base, count, survivors)
        }
        unsafe kernels.gemmTile = { a, aStride, rows, b, bStride, columns, depth, c, cStride, _ in
            unsafe GEMM.simdTile(a, aStride, rows, b, bStride, columns, depth, c, cStride)
        }
        unsafe kernels.gelu = { values, bias, count in unsafe Activations.simdGELU(values, bias, count) }
        unsafe kernels.softmax = { row, count, scale in unsafe Activations.simdSoftmax(row, count, scale) }
        unsafe kernels.byteProducts = { product in unsafe ByteProducts.simd(product.pointee) }
        unsafe kernels.quantize = { y, count, scale, limit, codes in
            unsafe Quantizer.simd(y, count, scale, limit, codes)
        }
        unsafe kernels.codeTile = { tile, panel, survivors, capacity in
            unsafe CodeTile.simd(tile, panel, survivors, capacity)
        }
        unsafe kernels.codeRow = { tile, panel, survivors, capacity in
            unsafe CodeTile.simd(tile, panel, survivors, capacity)
        }
    }

    #if arch(x86_64)
    /// C with AVX2, FMA and F16C; integer products in 16-bit sums.
    package static let avx2 = baseline.overridden(
        as: "avx2",
        requirement: "AVX2, FMA, F16C and POPCNT",
        isSupported: simile_has_avx2(),
        olderBLASCores: [
            "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Generic", "Katmai", "Coppermine", "Northwood",
            "Banias", "Atom", "Barcelona", "Bobcat", "Sandybridge", "Bulldozer", "Piledriver", "Steamroller",
        ],
        remedyBLASCore: "Haswell",
        costs: .avx2
    ) { kernels in
        unsafe kernels.verdictDot = unsafe simile_verdict_dot_avx2
        unsafe kernels.verdictSquaredDistance = unsafe simile_verdict_squared_distance_avx2
        unsafe kernels.verdictSquaredNorms = unsafe simile_verdict_squared_norms_avx2
        unsafe kernels.dotRows = unsafe simile_dot_rows_avx2
        unsafe kernels.dotRowsWithNorms = unsafe simile_dot_rows_with_norms_avx2
        unsafe kernels.thresholdScan = unsafe simile_threshold_scan_avx2
        unsafe kernels.convertFloat16 = unsafe simile_convert_float16_avx2
        unsafe kernels.gemmTile = unsafe simile_gemm_tile_avx2
        unsafe kernels.extent = unsafe simile_extent_avx2
        unsafe kernels.quantize = unsafe simile_quantize_avx2
        unsafe kernels.codeTile = unsafe simile_code_tile_avx2
        unsafe kernels.codeRow = unsafe simile_code_row_avx2
        unsafe kernels.codeProducts = unsafe simile_code_products_avx2
        unsafe kernels.gelu = unsafe simile_gelu_avx2
        unsafe kernels.softmax = unsafe simile_softmax_avx2
        unsafe kernels.byteRow = unsafe simile_byte_row_avx2
        unsafe kernels.byteProducts = unsafe simile_byte_products_avx2
        unsafe kernels.hamming = unsafe simile_hamming_avx2
    }

    /// C with AVX-512; integer products of full bytes in 32-bit sums (VNNI).
    package static let avx512 = avx2.overridden(
        as: "avx512",
        requirement: "AVX-512 (F, BW, VL, DQ, VNNI)",
        isSupported: simile_has_avx512(),
        olderBLASCores: ["Haswell", "Zen", "Excavator"],
        remedyBLASCore: "SkylakeX",
        codes: .wide,
        costs: .avx512
    ) { kernels in
        unsafe kernels.thresholdScan = unsafe simile_threshold_scan_avx512
        unsafe kernels.gemmTile = unsafe simile_gemm_tile_avx512
        unsafe kernels.extent = unsafe simile_extent_avx512
        unsafe kernels.quantize = unsafe simile_quantize_avx512
        unsafe kernels.codeTile = unsafe simile_code_tile_avx512
        unsafe kernels.codeRow = unsafe simile_code_row_avx512
        unsafe kernels.codeProducts = unsafe simile_code_products_avx512
        unsafe kernels.gelu = unsafe simile_gelu_avx512
        unsafe kernels.softmax = unsafe simile_softmax_avx512
        unsafe kernels.byteRow = unsafe simile_byte_row_avx512
        unsafe kernels.byteProducts = unsafe simile_byte_products_avx512
    }

    /// AVX-512 beside AMX: integer products of tiles (INT8). A process must be permitted to use them: `permitted`.
    package static let amx = avx512.overridden(
        as: "amx",
        requirement: "AVX-512 (F, BW, VL, DQ, VNNI) and AMX (TILE, INT8)",
        isSupported: simile_has_amx(),
        needsTiles: true,
        queries: .tiles,
        costs: .amx
    ) { kernels in
        unsafe kernels.codeTile = unsafe simile_code_tile_amx
        unsafe kernels.codeRow = unsafe simile_code_row_amx
    }
    #endif
}
