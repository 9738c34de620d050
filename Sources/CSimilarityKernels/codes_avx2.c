// SPDX-License-Identifier: Apache-2.0
//
// Integer filter kernels at AVX2: exact, so their results are the same on every backend. Contracts: `CodeTile` and
// `CodeProduct` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define ALWAYS_INLINE AVX2 static inline __attribute__((always_inline))

/// Four products of a step go to one 16-bit lane pair a row. The additions wrap, and the sum of a chunk does not: it is at
/// most |codes of the row| * |codes of the query| <= 32767, so what wrapped on the way is undone by the end. This is what
/// makes a step two instructions, a multiply and an add, where accumulating in 32 bits takes two and a half.
#define STEP(sum, x, q) sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(x, q))

/// The 4 x 16 products of one chunk, added to `sums`: two vectors of eight rows a query.
ALWAYS_INLINE void add_chunk(
    const uint8_t *x, const int8_t *q, size_t steps, const int32_t *corrections, __m256i sums[8]) {
    __m256i a0 = _mm256_set1_epi32(corrections[0]), a1 = a0, b0 = _mm256_set1_epi32(corrections[1]), b1 = b0;
    __m256i c0 = _mm256_set1_epi32(corrections[2]), c1 = c0, d0 = _mm256_set1_epi32(corrections[3]), d1 = d0;
    for (; steps > 0; --steps, x += 64, q += 16) {
        const __m256i x0 = _mm256_loadu_si256((const __m256i *)x), x1 = _mm256_loadu_si256((const __m256i *)(x + 32));
        int32_t four[4];
        memcpy(four, q, 16);
        __m256i v = _mm256_set1_epi32(four[0]);
        STEP(a0, x0, v);
        STEP(a1, x1, v);
        v = _mm256_set1_epi32(four[1]);
        STEP(b0, x0, v);
        STEP(b1, x1, v);
        v = _mm256_set1_epi32(four[2]);
        STEP(c0, x0, v);
        STEP(c1, x1, v);
        v = _mm256_set1_epi32(four[3]);
        STEP(d0, x0, v);
        STEP(d1, x1, v);
    }
    const __m256i ones = _mm256_set1_epi16(1);
    sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(a0, ones));
    sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(a1, ones));
    sums[2] = _mm256_add_epi32(sums[2], _mm256_madd_epi16(b0, ones));
    sums[3] = _mm256_add_epi32(sums[3], _mm256_madd_epi16(b1, ones));
    sums[4] = _mm256_add_epi32(sums[4], _mm256_madd_epi16(c0, ones));
    sums[5] = _mm256_add_epi32(sums[5], _mm256_madd_epi16(c1, ones));
    sums[6] = _mm256_add_epi32(sums[6], _mm256_madd_epi16(d0, ones));
    sums[7] = _mm256_add_epi32(sums[7], _mm256_madd_epi16(d1, ones));
}

/// What a query's products are compared with, eight rows at a time.
struct bound {
    __m256 slope, tail_slope, base;
};

ALWAYS_INLINE struct bound load_bound(const struct simile_code_tile *t, size_t query) {
    return (struct bound){_mm256_set1_ps(t->slopes[query]), _mm256_set1_ps(t->tail_slopes[query]),
                          _mm256_set1_ps(t->bases[query])};
}

/// Which of eight products are not below `slope * offset + tail_slope * tail + base`.
ALWAYS_INLINE __m256i survives(__m256i products, __m256 offsets, __m256 tails, struct bound b) {
    const __m256 bound = _mm256_fmadd_ps(b.tail_slope, tails, _mm256_fmadd_ps(b.slope, offsets, b.base));
    return _mm256_castps_si256(_mm256_cmp_ps(_mm256_cvtepi32_ps(products), bound, _CMP_NLT_UQ));
}

/// Writes the survivors of one 4 x 16 tile.
AVX2 static __attribute__((noinline)) size_t write_survivors(
    const __m256i sums[8], const __m256i masks[8], uint32_t query, uint32_t row, struct simile_survivor *survivors) {
    size_t found = 0;
    for (int i = 0; i < 8; ++i) {
        unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(masks[i]));
        if (mask == 0) continue;
        int32_t products[8];
        _mm256_storeu_si256((__m256i *)products, sums[i]);
        for (; mask; mask &= mask - 1) {
            const unsigned j = (unsigned)__builtin_ctz(mask);
            survivors[found].query = (uint16_t)(query + (uint32_t)i / 2);
            survivors[found].row = (uint16_t)(row + 8 * ((uint32_t)i & 1) + j);
            survivors[found].product = products[j];
            ++found;
        }
    }
    return found;
}

ALWAYS_INLINE size_t scan(
    const struct simile_code_tile *t, size_t panel, size_t quad, struct simile_survivor *survivors) {
    const uint8_t *x = t->panels + panel * 16 * t->depth;
    const int8_t *q = t->queries + quad * 4 * t->depth;
    const int32_t *corrections = t->corrections + quad * 4 * t->chunk_count;
    __m256i sums[8];
    for (int i = 0; i < 8; ++i) sums[i] = _mm256_setzero_si256();
    for (size_t at = 0; at < t->depth; at += t->chunk_depth, corrections += 4) {
        const size_t depth = t->depth - at < t->chunk_depth ? t->depth - at : t->chunk_depth;
        add_chunk(x + 16 * at, q + 4 * at, depth / 4, corrections, sums);
    }
    __m256i masks[8];
    const __m256 o0 = _mm256_loadu_ps(t->offsets + 16 * panel), o1 = _mm256_loadu_ps(t->offsets + 16 * panel + 8);
    const __m256 b0 = _mm256_loadu_ps(t->tails + 16 * panel), b1 = _mm256_loadu_ps(t->tails + 16 * panel + 8);
    for (size_t i = 0; i < 4; ++i) {
        const struct bound bound = load_bound(t, 4 * quad + i);
        masks[2 * i] = survives(sums[2 * i], o0, b0, bound);
        masks[2 * i + 1] = survives(sums[2 * i + 1], o1, b1, bound);
    }
    const __m256i any = _mm256_or_si256(
        _mm256_or_si256(_mm256_or_si256(masks[0], masks[1]), _mm256_or_si256(masks[2], masks[3])),
        _mm256_or_si256(_mm256_or_si256(masks[4], masks[5]), _mm256_or_si256(masks[6], masks[7])));
    if (__builtin_expect(_mm256_testz_si256(any, any), 1)) return 0;
    return write_survivors(sums, masks, (uint32_t)(4 * quad), (uint32_t)(16 * panel), survivors);
}

AVX2 size_t simile_code_tile_avx2(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    // The panel stays in L1 while the queries stream past it from L2.
    size_t found = 0;
    for (; *panel < t->panel_count && found + 64 * t->quad_count <= capacity; ++*panel)
        for (size_t quad = 0; quad < t->quad_count; ++quad) found += scan(t, *panel, quad, survivors + found);
    return found;
}

/// One query: a panel's two vectors of eight rows, two panels at a time, as fast as the codes come from memory.
AVX2 size_t simile_code_row_avx2(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    const __m256i ones = _mm256_set1_epi16(1);
    const struct bound bound = load_bound(t, 0);
    size_t found = 0;
    for (; *panel < t->panel_count && found + 16 <= capacity; ++*panel) {
        const uint8_t *x = t->panels + *panel * 16 * t->depth;
        const int8_t *q = t->queries;
        const int32_t *corrections = t->corrections;
        __m256i s0 = _mm256_setzero_si256(), s1 = s0;
        for (size_t at = 0; at < t->depth; at += t->chunk_depth, corrections += 4) {
            const size_t depth = t->depth - at < t->chunk_depth ? t->depth - at : t->chunk_depth;
            __m256i a0 = _mm256_set1_epi32(corrections[0]), a1 = a0, b0 = _mm256_setzero_si256(), b1 = b0;
            size_t steps = depth / 4;
            for (; steps >= 2; steps -= 2, x += 128, q += 32) {
                int32_t even, odd;
                memcpy(&even, q, 4);
                memcpy(&odd, q + 16, 4);
                // The stored codes are read once and in order; ask for what is eight steps away.
                _mm_prefetch((const char *)x + 2048, _MM_HINT_T0);
                _mm_prefetch((const char *)x + 2112, _MM_HINT_T0);
                const __m256i v = _mm256_set1_epi32(even), w = _mm256_set1_epi32(odd);
                STEP(a0, _mm256_loadu_si256((const __m256i *)x), v);
                STEP(a1, _mm256_loadu_si256((const __m256i *)(x + 32)), v);
                STEP(b0, _mm256_loadu_si256((const __m256i *)(x + 64)), w);
                STEP(b1, _mm256_loadu_si256((const __m256i *)(x + 96)), w);
            }
            if (steps > 0) {
                int32_t last;
                memcpy(&last, q, 4);
                const __m256i v = _mm256_set1_epi32(last);
                STEP(a0, _mm256_loadu_si256((const __m256i *)x), v);
                STEP(a1, _mm256_loadu_si256((const __m256i *)(x + 32)), v);
                x += 64;
                q += 16;
            }
            s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_add_epi16(a0, b0), ones));
            s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_add_epi16(a1, b1), ones));
        }
        __m256i masks[8], sums[8];
        const float *o = t->offsets + 16 * *panel, *b = t->tails + 16 * *panel;
        masks[0] = survives(s0, _mm256_loadu_ps(o), _mm256_loadu_ps(b), bound);
        masks[1] = survives(s1, _mm256_loadu_ps(o + 8), _mm256_loadu_ps(b + 8), bound);
        const __m256i any = _mm256_or_si256(masks[0], masks[1]);
        if (_mm256_testz_si256(any, any)) continue;
        for (int i = 2; i < 8; ++i) masks[i] = _mm256_setzero_si256();
        sums[0] = s0;
        sums[1] = s1;
        found += write_survivors(sums, masks, 0, (uint32_t)(16 * *panel), survivors + found);
    }
    return found;
}

ALWAYS_INLINE int32_t product(const int16_t *query, const int8_t *row, size_t depth) {
    // |query| |row| < 2^31, so no lane can overflow whatever its share of the sum.
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    size_t i = 0;
    for (; i + 32 <= depth; i += 32) {
        const __m256i x0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + i)));
        const __m256i x1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + i + 16)));
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)(query + i)), x0));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)(query + i + 16)), x1));
    }
    for (; i + 16 <= depth; i += 16) {
        const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + i)));
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)(query + i)), x));
    }
    s0 = _mm256_add_epi32(s0, s1);
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(s0), _mm256_extracti128_si256(s0, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
    int32_t sum = _mm_cvtsi128_si32(s);
    for (; i < depth; ++i) sum += (int32_t)query[i] * row[i];
    return sum;
}

AVX2 void simile_code_products_avx2(
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
