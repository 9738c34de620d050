// SPDX-License-Identifier: Apache-2.0
//
// The few kernels that need an instruction set Swift cannot name. Every function carries its own target attribute, so
// the module is compiled for the baseline and still runs there: callers ask `simile_has_avx2` once and take the Swift
// twin of the same contract where the answer is no. Contracts are written at the Swift twins, in `SimilarityKernels`.
//
// All pointers may be unaligned; all counts may be zero; no function allocates, locks or writes outside its outputs.

#ifndef SIMILE_C_SIMILARITY_KERNELS_H
#define SIMILE_C_SIMILARITY_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor and operating system run AVX2, FMA and F16C code. Asked of the hardware once.
bool simile_has_avx2(void);

// Only on x86-64; elsewhere `simile_has_avx2` is false and the rest must not be called (they return zeros).

/// The canonical dot product (verdict): eight `double` lanes, fixed order of addition.
double simile_verdict_dot_avx2(const float *a, const float *b, size_t depth);

/// The canonical squared Euclidean distance (verdict): the same lanes, no fused multiply-add.
double simile_verdict_squared_distance_avx2(const float *a, const float *b, size_t depth);

/// `sums[r]` = the canonical dot product of row `r` with itself, for `count` rows `stride` floats apart.
void simile_verdict_squared_norms_avx2(
    const float *rows, size_t stride, size_t count, size_t depth, double *sums);

/// `scores[r]` = the dot product of `query` with row `r` in single precision, any order of addition (a filter).
void simile_dot_rows_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores);

/// `simile_dot_rows_avx2` and `simile_verdict_squared_norms_avx2` in one read of the rows.
void simile_dot_rows_with_norms_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores, double *sums);

/// Writes the ascending indices `j` for which `!(scores[j] < slope * norms[j] + offsets[j] + base)`; returns how many.
/// `survivors` has room for `count` indices.
size_t simile_threshold_scan_avx2(
    const float *scores, const float *norms, const float *offsets, float slope, float base, size_t count,
    int32_t *survivors);

/// `values[i]` = the IEEE half `halves[i]`, exactly.
void simile_convert_float16_avx2(const uint16_t *halves, size_t count, float *values);

#endif
