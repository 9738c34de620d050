// SPDX-License-Identifier: Apache-2.0
//
// The verdict at AVX2. Lane j of 8 lives in element j % 4 of accumulator j / 4; the final additions are written out in
// the canonical order ((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7)), so the bits are those of the reference version.
//
// The product of two floats is exact in double, so the dot product may use a fused multiply-add: it rounds once, where
// the reference rounds once too. The square of a difference is not exact, so the distance must not: contraction is
// forbidden here, and its function does not even enable FMA.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include "lanes_avx2.h"
#include "targets.h"

#pragma STDC FP_CONTRACT OFF

/// ((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7)) for low = l0...l3, high = l4...l7.
AVX2_UNFUSED static inline double canonical_sum(__m256d low, __m256d high) {
    const __m256d pairs = _mm256_add_pd(low, high);  // l0+l4, l1+l5, l2+l6, l3+l7
    const __m128d sums = _mm_add_pd(_mm256_castpd256_pd128(pairs), _mm256_extractf128_pd(pairs, 1));
    return _mm_cvtsd_f64(_mm_add_sd(sums, _mm_unpackhi_pd(sums, sums)));
}

/// The last `depth % 8` elements followed by zeros. A missing element adds +0 to a lane, which changes no bit: lanes
/// start at +0 and so never hold -0.
AVX2_UNFUSED static inline __m256 load_tail(const float *p, size_t count) {
    float tail[8] = {0};
    for (size_t i = 0; i < count; ++i) tail[i] = p[i];
    return _mm256_loadu_ps(tail);
}

AVX2_UNFUSED static inline __m256d low_half(__m256 v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
AVX2_UNFUSED static inline __m256d high_half(__m256 v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }

AVX2 double simile_verdict_dot_avx2(const float *a, const float *b, size_t depth) {
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    size_t i = 0;
    for (; i + 8 <= depth; i += 8) {
        low = _mm256_fmadd_pd(
            _mm256_cvtps_pd(_mm_loadu_ps(a + i)), _mm256_cvtps_pd(_mm_loadu_ps(b + i)), low);
        high = _mm256_fmadd_pd(
            _mm256_cvtps_pd(_mm_loadu_ps(a + i + 4)), _mm256_cvtps_pd(_mm_loadu_ps(b + i + 4)), high);
    }
    if (i < depth) {
        const __m256 x = load_tail(a + i, depth - i), y = load_tail(b + i, depth - i);
        low = _mm256_fmadd_pd(low_half(x), low_half(y), low);
        high = _mm256_fmadd_pd(high_half(x), high_half(y), high);
    }
    return canonical_sum(low, high);
}

AVX2_UNFUSED double simile_verdict_squared_distance_avx2(const float *a, const float *b, size_t depth) {
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
    size_t i = 0;
    for (; i + 8 <= depth; i += 8) {
        const __m256d x = _mm256_sub_pd(
            _mm256_cvtps_pd(_mm_loadu_ps(a + i)), _mm256_cvtps_pd(_mm_loadu_ps(b + i)));
        const __m256d y = _mm256_sub_pd(
            _mm256_cvtps_pd(_mm_loadu_ps(a + i + 4)), _mm256_cvtps_pd(_mm_loadu_ps(b + i + 4)));
        low = _mm256_add_pd(low, _mm256_mul_pd(x, x));
        high = _mm256_add_pd(high, _mm256_mul_pd(y, y));
    }
    if (i < depth) {
        const __m256 p = load_tail(a + i, depth - i), q = load_tail(b + i, depth - i);
        const __m256d x = _mm256_sub_pd(low_half(p), low_half(q));
        const __m256d y = _mm256_sub_pd(high_half(p), high_half(q));
        low = _mm256_add_pd(low, _mm256_mul_pd(x, x));
        high = _mm256_add_pd(high, _mm256_mul_pd(y, y));
    }
    return canonical_sum(low, high);
}

/// One step of eight components of one row: the terms of its squared norm go to their lanes and, if there is a query,
/// those of the filter's dot product to `score`.
#define STEP(r, x8)                                             \
    do {                                                        \
        const __m256 v = (x8);                                  \
        const __m256d l = low_half(v), h = high_half(v);        \
        low##r = _mm256_fmadd_pd(l, l, low##r);                 \
        high##r = _mm256_fmadd_pd(h, h, high##r);               \
        if (query) score##r = _mm256_fmadd_ps(q, v, score##r);  \
    } while (0)

AVX2 ALWAYS_INLINE void norms_and_scores(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, double *sums, float *scores) {
    // One row has two dependent chains of additions, four cycles each; four rows at a time keep the multiply-add ports
    // busy, and the loop is then bound by memory. The processor's own prefetching follows four interleaved streams badly, so
    // the next four rows are asked for in the order of their addresses: measured, 0.92 of the time of a plain read of the
    // rows, and 1.68 without. Addresses beyond the last row are harmless.
    size_t r = 0;
    for (; r + 4 <= count; r += 4) {
        const float *p0 = rows + r * stride, *p1 = p0 + stride, *p2 = p1 + stride, *p3 = p2 + stride;
        const char *next = (const char *)((uintptr_t)p0 + 16 * stride);
        __m256d low0 = _mm256_setzero_pd(), high0 = low0, low1 = low0, high1 = low0;
        __m256d low2 = low0, high2 = low0, low3 = low0, high3 = low0;
        __m256 score0 = _mm256_setzero_ps(), score1 = score0, score2 = score0, score3 = score0;
        __m256 q = score0;
        size_t i = 0;
        for (; i + 8 <= depth; i += 8) {
            // A step takes two cache lines in all from the four rows.
            _mm_prefetch(next + 16 * i, _MM_HINT_T0);
            _mm_prefetch(next + 16 * i + 64, _MM_HINT_T0);
            if (query) q = _mm256_loadu_ps(query + i);
            STEP(0, _mm256_loadu_ps(p0 + i));
            STEP(1, _mm256_loadu_ps(p1 + i));
            STEP(2, _mm256_loadu_ps(p2 + i));
            STEP(3, _mm256_loadu_ps(p3 + i));
        }
        if (i < depth) {
            if (query) q = load_tail(query + i, depth - i);
            STEP(0, load_tail(p0 + i, depth - i));
            STEP(1, load_tail(p1 + i, depth - i));
            STEP(2, load_tail(p2 + i, depth - i));
            STEP(3, load_tail(p3 + i, depth - i));
        }
        sums[r] = canonical_sum(low0, high0);
        sums[r + 1] = canonical_sum(low1, high1);
        sums[r + 2] = canonical_sum(low2, high2);
        sums[r + 3] = canonical_sum(low3, high3);
        if (query) {
            scores[r] = horizontal_sum(score0);
            scores[r + 1] = horizontal_sum(score1);
            scores[r + 2] = horizontal_sum(score2);
            scores[r + 3] = horizontal_sum(score3);
        }
    }
    for (; r < count; ++r) {
        const float *p = rows + r * stride;
        sums[r] = simile_verdict_dot_avx2(p, p, depth);
        if (query) simile_dot_rows_avx2(query, p, stride, 1, depth, scores + r);
    }
}

AVX2 void simile_verdict_squared_norms_avx2(
    const float *rows, size_t stride, size_t count, size_t depth, double *sums) {
    norms_and_scores(NULL, rows, stride, count, depth, sums, NULL);
}

AVX2 void simile_dot_rows_with_norms_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores, double *sums) {
    norms_and_scores(query, rows, stride, count, depth, sums, scores);
}

#endif
