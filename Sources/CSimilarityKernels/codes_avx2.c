// SPDX-License-Identifier: Apache-2.0
//
// Integer filter kernels at AVX2: exact, so their results are the same on every backend. Contracts: `CodeTile` and
// `CodeProduct` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "targets.h"

/// Four products of a step go to one 16-bit lane pair a row. The additions wrap, and the sum of a chunk does not: it is at
/// most |codes of the row| * |codes of the query| <= 32767, so what wrapped on the way is undone by the end. This is what
/// makes a step two instructions, a multiply and an add, where accumulating in 32 bits takes two and a half.
#define STEP(sum, x, q) sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(x, q))

/// The 4 x 16 products of one chunk: two vectors of eight rows a query.
struct products {
    __m256i a0, a1, b0, b1, c0, c1, d0, d1;
};

AVX2 ALWAYS_INLINE struct products multiply_chunk(const uint8_t *x, const int8_t *q, size_t steps, const int32_t *corrections) {
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
    return (struct products){_mm256_madd_epi16(a0, ones), _mm256_madd_epi16(a1, ones), _mm256_madd_epi16(b0, ones),
                             _mm256_madd_epi16(b1, ones), _mm256_madd_epi16(c0, ones), _mm256_madd_epi16(c1, ones),
                             _mm256_madd_epi16(d0, ones), _mm256_madd_epi16(d1, ones)};
}

AVX2 ALWAYS_INLINE void add(struct products *sums, struct products more) {
    sums->a0 = _mm256_add_epi32(sums->a0, more.a0);
    sums->a1 = _mm256_add_epi32(sums->a1, more.a1);
    sums->b0 = _mm256_add_epi32(sums->b0, more.b0);
    sums->b1 = _mm256_add_epi32(sums->b1, more.b1);
    sums->c0 = _mm256_add_epi32(sums->c0, more.c0);
    sums->c1 = _mm256_add_epi32(sums->c1, more.c1);
    sums->d0 = _mm256_add_epi32(sums->d0, more.d0);
    sums->d1 = _mm256_add_epi32(sums->d1, more.d1);
}

/// What a query's products are compared with, eight rows at a time.
struct bound {
    __m256 slope, tail_slope, base, floor_slope, floor_base;
};

AVX2 ALWAYS_INLINE struct bound load_bound(const struct simile_code_tile *t, size_t query, bool has_floors) {
    const __m256 none = _mm256_setzero_ps();
    return (struct bound){_mm256_set1_ps(t->slopes[query]), _mm256_set1_ps(t->tail_slopes[query]),
                          _mm256_set1_ps(t->bases[query]), has_floors ? _mm256_set1_ps(t->floor_slopes[query]) : none,
                          has_floors ? _mm256_set1_ps(t->floor_bases[query]) : none};
}

/// Which of eight products, of the rows from `row` on, are not below the bound.
AVX2 ALWAYS_INLINE __m256i survives(
    const struct simile_code_tile *t, size_t row, __m256i products, struct bound b, bool has_floors) {
    __m256 bound = _mm256_fmadd_ps(b.slope, _mm256_loadu_ps(t->offsets + row), b.base);
    // The second operand is what comes out where one is a NaN.
    if (has_floors)
        bound = _mm256_min_ps(bound, _mm256_fmadd_ps(b.floor_slope, _mm256_loadu_ps(t->row_floors + row), b.floor_base));
    bound = _mm256_fmadd_ps(b.tail_slope, _mm256_loadu_ps(t->tails + row), bound);
    return _mm256_castps_si256(_mm256_cmp_ps(_mm256_cvtepi32_ps(products), bound, _CMP_NLT_UQ));
}

/// Writes the survivors of one query among sixteen rows: those of the bits of `mask`.
AVX2 ALWAYS_INLINE size_t write_survivors(
    __m256i p0, __m256i p1, unsigned mask, uint32_t query, uint32_t row, struct simile_survivor *survivors) {
    int32_t products[16];
    _mm256_storeu_si256((__m256i *)products, p0);
    _mm256_storeu_si256((__m256i *)(products + 8), p1);
    size_t found = 0;
    for (; mask; mask &= mask - 1) {
        const unsigned j = (unsigned)__builtin_ctz(mask);
        survivors[found].query = (uint16_t)query;
        survivors[found].row = (uint16_t)(row + j);
        survivors[found].product = products[j];
        ++found;
    }
    return found;
}

/// Which of sixteen products of query `query`, of the rows from `row` on, survive, a bit each.
AVX2 ALWAYS_INLINE unsigned survivors_of(
    const struct simile_code_tile *t, size_t query, size_t row, __m256i p0, __m256i p1, bool has_floors) {
    const struct bound b = load_bound(t, query, has_floors);
    const __m256i m0 = survives(t, row, p0, b, has_floors), m1 = survives(t, row + 8, p1, b, has_floors);
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(m0)) |
           (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(m1)) << 8;
}

/// `has_floors` is a constant where this is used.
AVX2 ALWAYS_INLINE size_t scan(
    const struct simile_code_tile *t, size_t panel, size_t quad, bool has_floors, struct simile_survivor *survivors) {
    const uint8_t *x = t->panels + panel * 16 * t->depth;
    const int8_t *q = t->queries + quad * 4 * t->depth;
    const int32_t *corrections = t->corrections + quad * 4 * t->chunk_count;
    const size_t first = t->depth < t->chunk_depth ? t->depth : t->chunk_depth;
    struct products s = multiply_chunk(x, q, first / 4, corrections);
    for (size_t at = first; at < t->depth; at += t->chunk_depth) {
        const size_t depth = t->depth - at < t->chunk_depth ? t->depth - at : t->chunk_depth;
        corrections += 4;
        add(&s, multiply_chunk(x + 16 * at, q + 4 * at, depth / 4, corrections));
    }
    const size_t first_query = 4 * quad, first_row = 16 * panel;
    const uint32_t query = (uint32_t)first_query, row = (uint32_t)first_row;
    const unsigned ma = survivors_of(t, first_query, first_row, s.a0, s.a1, has_floors);
    const unsigned mb = survivors_of(t, first_query + 1, first_row, s.b0, s.b1, has_floors);
    const unsigned mc = survivors_of(t, first_query + 2, first_row, s.c0, s.c1, has_floors);
    const unsigned md = survivors_of(t, first_query + 3, first_row, s.d0, s.d1, has_floors);
    if (__builtin_expect((ma | mb | mc | md) == 0, 1)) return 0;
    size_t found = 0;
    if (ma) found += write_survivors(s.a0, s.a1, ma, query, row, survivors);
    if (mb) found += write_survivors(s.b0, s.b1, mb, query + 1, row, survivors + found);
    if (mc) found += write_survivors(s.c0, s.c1, mc, query + 2, row, survivors + found);
    if (md) found += write_survivors(s.d0, s.d1, md, query + 3, row, survivors + found);
    return found;
}

AVX2 size_t simile_code_tile_avx2(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    // The panel stays in L1 while the queries stream past it from L2.
    size_t found = 0;
    for (; *panel < t->panel_count && found + 64 * t->quad_count <= capacity; ++*panel)
        for (size_t quad = 0; quad < t->quad_count; ++quad)
            found += t->row_floors ? scan(t, *panel, quad, true, survivors + found)
                                   : scan(t, *panel, quad, false, survivors + found);
    return found;
}

/// One query: a panel's two vectors of eight rows, two steps at a time, as fast as the codes come from memory.
AVX2 size_t simile_code_row_avx2(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    const __m256i ones = _mm256_set1_epi16(1);
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
                // The stored codes are read once and in order; ask for what is 32 steps away.
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
        const unsigned mask = survivors_of(t, 0, 16 * *panel, s0, s1, false);
        if (mask) found += write_survivors(s0, s1, mask, 0, (uint32_t)(16 * *panel), survivors + found);
    }
    return found;
}

AVX2 ALWAYS_INLINE int32_t product(const int16_t *query, const int8_t *row, size_t depth) {
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
