// SPDX-License-Identifier: Apache-2.0
//
// Integer filter kernels at AVX-512 VNNI: bytes times bytes in 32-bit sums, so codes may be full bytes. Exact, so their results
// are the same on every level. Contracts: `CodeTile` and `CodeProduct` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "code_row_avx512.h"
#include "targets.h"

#define UNROLLED _Pragma("clang loop unroll(full)")

/// At most three quads of queries against two panels: 24 sums, two vectors of rows, and a query's four codes that are read once
/// for both.
#define MOST_QUERIES 12
#define MOST_PANELS 2

/// `quads` and `panels` are constants where this is used.
AVX512 ALWAYS_INLINE size_t scan(
    const struct simile_code_tile *t, size_t panel, size_t quad, int quads, int panels,
    struct simile_survivor *survivors) {
    const size_t depth = t->depth;
    const uint8_t *x = t->panels + panel * 16 * depth;
    const int8_t *q = t->queries + quad * 4 * depth;
    __m512i sums[MOST_QUERIES][MOST_PANELS];
    UNROLLED for (int i = 0; i < 4 * quads; ++i)
        UNROLLED for (int p = 0; p < panels; ++p) sums[i][p] = _mm512_set1_epi32(t->corrections[4 * quad + (size_t)i]);
    for (size_t at = 0; at < 4 * depth; at += 16) {
        __m512i rows[MOST_PANELS];
        UNROLLED for (int p = 0; p < panels; ++p) rows[p] = _mm512_loadu_si512(x + (size_t)p * 16 * depth + 4 * at);
        UNROLLED for (int i = 0; i < 4 * quads; ++i) {
            const __m512i codes = broadcast(q + (size_t)(i / 4) * 4 * depth + at + 4 * (size_t)(i % 4));
            UNROLLED for (int p = 0; p < panels; ++p) sums[i][p] = _mm512_dpbusd_epi32(sums[i][p], rows[p], codes);
        }
    }
    __mmask16 masks[MOST_QUERIES][MOST_PANELS];
    unsigned any = 0;
    UNROLLED for (int p = 0; p < panels; ++p) {
        const size_t row = 16 * (panel + (size_t)p), query = 4 * quad;
        const __m512 none = _mm512_setzero_ps();
        const __m512 offsets = t->has_row_terms ? _mm512_loadu_ps(t->offsets + row) : none;
        const __m512 tails = t->has_row_terms ? _mm512_loadu_ps(t->tails + row) : none;
        // Four loops, so that none asks in its middle.
#define TEST(floors, has_row_terms, has_floors)        \
    UNROLLED for (int i = 0; i < 4 * quads; ++i)       \
        masks[i][p] = survivors_of(t, query + (size_t)i, sums[i][p], offsets, tails, floors, has_row_terms, has_floors)
        if (t->row_floors) {
            const __m512 floors = _mm512_loadu_ps(t->row_floors + row);
            if (t->has_row_terms) TEST(floors, true, true);
            else TEST(floors, false, true);
        } else if (t->has_row_terms) TEST(none, true, false);
        else TEST(none, false, false);
#undef TEST
        UNROLLED for (int i = 0; i < 4 * quads; ++i) any |= masks[i][p];
    }
    if (__builtin_expect(any == 0, 1)) return 0;
    size_t found = 0;
    UNROLLED for (int p = 0; p < panels; ++p)
        UNROLLED for (int i = 0; i < 4 * quads; ++i)
            if (masks[i][p])
                found += write_survivors(
                    sums[i][p], masks[i][p], (uint32_t)(4 * quad) + (uint32_t)i, (uint32_t)(16 * (panel + (size_t)p)),
                    survivors + found);
    return found;
}

AVX512 ALWAYS_INLINE size_t scan_panels(
    const struct simile_code_tile *t, size_t panel, int panels, struct simile_survivor *survivors) {
    size_t found = 0, quad = 0;
    for (; quad + 3 <= t->quad_count; quad += 3) found += scan(t, panel, quad, 3, panels, survivors + found);
    if (quad + 2 == t->quad_count) return found + scan(t, panel, quad, 2, panels, survivors + found);
    if (quad + 1 == t->quad_count) return found + scan(t, panel, quad, 1, panels, survivors + found);
    return found;
}

AVX512 size_t simile_code_tile_avx512(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    // Two panels stay in L1 while the queries stream past them from L2.
    const size_t room = 64 * t->quad_count;
    size_t found = 0;
    while (*panel < t->panel_count) {
        if (*panel + 2 <= t->panel_count && 2 * room <= capacity) {
            if (found + 2 * room > capacity) break;
            found += scan_panels(t, *panel, 2, survivors + found);
            *panel += 2;
        } else {
            if (found + room > capacity) break;
            found += scan_panels(t, *panel, 1, survivors + found);
            *panel += 1;
        }
    }
    return found;
}

AVX512 size_t simile_code_row_avx512(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    return code_row(t, panel, survivors, capacity, 4, 4);
}

/// |query| |row| < 2^31, so no lane can overflow whatever its share of the sum.
AVX512 ALWAYS_INLINE int32_t product(const int16_t *query, const int8_t *row, size_t depth) {
    __m512i a = _mm512_setzero_si512(), b = a;
    size_t i = 0;
    for (; i + 64 <= depth; i += 64) {
        const __m512i x = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(row + i)));
        const __m512i y = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(row + i + 32)));
        a = _mm512_dpwssd_epi32(a, _mm512_loadu_si512(query + i), x);
        b = _mm512_dpwssd_epi32(b, _mm512_loadu_si512(query + i + 32), y);
    }
    for (; i < depth; i += 32) {
        const __mmask32 mask = depth - i < 32 ? (1u << (depth - i)) - 1 : 0xFFFFFFFFu;
        const __m512i x = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, row + i));
        a = _mm512_dpwssd_epi32(a, _mm512_maskz_loadu_epi16(mask, query + i), x);
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
}

AVX512 void simile_code_products_avx512(
    const struct simile_survivor *survivors, size_t count, const int16_t *queries, const int8_t *rows, size_t depth,
    int32_t *products) {
    for (size_t i = 0; i < count; ++i) {
        // Survivors of one panel are neighbors in memory, those of the next are not: ask early.
        const size_t ahead = i + 16 < count ? i + 16 : count - 1;
        const char *next = (const char *)(rows + survivors[ahead].row * depth);
        for (size_t at = 0; at < depth && at < 512; at += 64) _mm_prefetch(next + at, _MM_HINT_T0);
        products[i] = product(queries + survivors[i].query * depth, rows + survivors[i].row * depth, depth);
    }
}

#endif
