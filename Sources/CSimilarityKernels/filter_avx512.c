// SPDX-License-Identifier: Apache-2.0
//
// Filter kernels at AVX-512, where twice the width pays: row scores and norms wait for memory and stay those of AVX2.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "targets.h"

AVX512 size_t simile_threshold_scan_avx512(
    const float *scores, const float *norms, const float *offsets, float slope, float base, size_t count,
    int32_t *survivors) {
    // Nearly every group of scores has no survivor, so 64 of them are tested with one branch.
    const __m512 a = _mm512_set1_ps(slope), b = _mm512_set1_ps(base);
    size_t found = 0, j = 0;
    for (; j + 64 <= count; j += 64) {
        __mmask16 masks[4];
        for (int g = 0; g < 4; ++g) {
            const size_t at = j + 16 * (size_t)g;
            const __m512 bound = _mm512_add_ps(
                _mm512_fmadd_ps(a, _mm512_loadu_ps(norms + at), _mm512_loadu_ps(offsets + at)), b);
            masks[g] = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + at), bound, _CMP_NLT_UQ);
        }
        uint64_t mask = (uint64_t)masks[0] | (uint64_t)masks[1] << 16 | (uint64_t)masks[2] << 32 | (uint64_t)masks[3] << 48;
        for (; mask; mask &= mask - 1) survivors[found++] = (int32_t)(j + (size_t)__builtin_ctzll(mask));
    }
    for (; j < count; j += 16) {
        const __mmask16 here = count - j < 16 ? (__mmask16)((1u << (count - j)) - 1) : 0xFFFF;
        const __m512 bound = _mm512_add_ps(
            _mm512_fmadd_ps(a, _mm512_maskz_loadu_ps(here, norms + j), _mm512_maskz_loadu_ps(here, offsets + j)), b);
        unsigned mask = _mm512_mask_cmp_ps_mask(here, _mm512_maskz_loadu_ps(here, scores + j), bound, _CMP_NLT_UQ);
        for (; mask; mask &= mask - 1) survivors[found++] = (int32_t)(j + (size_t)__builtin_ctz(mask));
    }
    return found;
}

#endif
