// SPDX-License-Identifier: Apache-2.0
//
// What the integer filter kernels of AVX-512 and AMX share: the test of sixteen products, and the kernel for one query, which
// reads queries of either layout. Private to this module.

#ifndef SIMILE_CODE_ROW_AVX512_H
#define SIMILE_CODE_ROW_AVX512_H

#include <immintrin.h>
#include <string.h>

#include "CSimilarityKernels.h"
#include "targets.h"

AVX512 ALWAYS_INLINE __m512i broadcast(const int8_t *codes) {
    int32_t four;
    memcpy(&four, codes, 4);
    return _mm512_set1_epi32(four);
}

/// Writes the survivors of one query among sixteen rows: those of the bits of `mask`.
AVX512 ALWAYS_INLINE size_t write_survivors(
    __m512i sums, unsigned mask, uint32_t query, uint32_t row, struct simile_survivor *survivors) {
    int32_t products[16];
    _mm512_storeu_si512(products, sums);
    size_t found = 0;
    for (; mask; mask &= mask - 1, ++found) {
        const unsigned j = (unsigned)__builtin_ctz(mask);
        survivors[found].query = (uint16_t)query;
        survivors[found].row = (uint16_t)(row + j);
        survivors[found].product = products[j];
    }
    return found;
}

/// Which of sixteen products of query `query` are not below the bound, a bit each; `floors` are those of the rows, if they have some.
AVX512 ALWAYS_INLINE __mmask16 survivors_of(
    const struct simile_code_tile *t, size_t query, __m512i sums, __m512 offsets, __m512 tails, __m512 floors,
    bool has_row_terms, bool has_floors) {
    __m512 bound = _mm512_set1_ps(t->bases[query]);
    if (has_row_terms) bound = _mm512_fmadd_ps(_mm512_set1_ps(t->slopes[query]), offsets, bound);
    // The second operand is what comes out where one is a NaN.
    if (has_floors)
        bound = _mm512_min_ps(
            bound, _mm512_fmadd_ps(_mm512_set1_ps(t->floor_slopes[query]), floors, _mm512_set1_ps(t->floor_bases[query])));
    if (has_row_terms) bound = _mm512_fmadd_ps(_mm512_set1_ps(t->tail_slopes[query]), tails, bound);
    return _mm512_cmp_ps_mask(_mm512_cvtepi32_ps(sums), bound, _CMP_NLT_UQ);
}

/// One query, as fast as the codes come from memory: four sums, because a sum waits four or five cycles for the one before.
/// `lanes` and `run`, the layout of queries, are constants where this is used.
AVX512 ALWAYS_INLINE size_t code_row(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity, size_t lanes,
    size_t run) {
    const size_t steps = t->depth / 4, piece = run / 4;
#define CODES(s) broadcast(t->queries + (s) / piece * (lanes * run) + (s) % piece * 4)
    size_t found = 0;
    for (; *panel < t->panel_count && found + 16 <= capacity; ++*panel) {
        const uint8_t *x = t->panels + *panel * 16 * t->depth;
        __m512i a = _mm512_set1_epi32(t->corrections[0]), b = _mm512_setzero_si512(), c = b, d = b;
        size_t s = 0;
        for (; s + 4 <= steps; s += 4, x += 256) {
            // The stored codes are read once and in order; ask for what is 32 steps away.
            _mm_prefetch((const char *)x + 2048, _MM_HINT_T0);
            _mm_prefetch((const char *)x + 2112, _MM_HINT_T0);
            _mm_prefetch((const char *)x + 2176, _MM_HINT_T0);
            _mm_prefetch((const char *)x + 2240, _MM_HINT_T0);
            a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(x), CODES(s));
            b = _mm512_dpbusd_epi32(b, _mm512_loadu_si512(x + 64), CODES(s + 1));
            c = _mm512_dpbusd_epi32(c, _mm512_loadu_si512(x + 128), CODES(s + 2));
            d = _mm512_dpbusd_epi32(d, _mm512_loadu_si512(x + 192), CODES(s + 3));
        }
        for (; s < steps; ++s, x += 64) a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(x), CODES(s));
#undef CODES
        const __m512i sums = _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
        const size_t row = 16 * *panel;
        const __mmask16 mask = survivors_of(
            t, 0, sums, _mm512_loadu_ps(t->offsets + row), _mm512_loadu_ps(t->tails + row), _mm512_setzero_ps(), true, false);
        if (mask) found += write_survivors(sums, mask, 0, (uint32_t)row, survivors + found);
    }
    return found;
}

#endif
