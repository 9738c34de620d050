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

#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF

#define AVX2 __attribute__((target("avx2")))
#define AVX2_FMA __attribute__((target("avx2,fma")))

/// ((l0+l4)+(l2+l6))+((l1+l5)+(l3+l7)) for low = l0...l3, high = l4...l7.
AVX2 static inline double canonical_sum(__m256d low, __m256d high) {
    const __m256d pairs = _mm256_add_pd(low, high);  // l0+l4, l1+l5, l2+l6, l3+l7
    const __m128d sums = _mm_add_pd(_mm256_castpd256_pd128(pairs), _mm256_extractf128_pd(pairs, 1));
    return _mm_cvtsd_f64(_mm_add_sd(sums, _mm_unpackhi_pd(sums, sums)));
}

/// The last `depth % 8` elements followed by zeros. A missing element adds +0 to a lane, which changes no bit: lanes
/// start at +0 and so never hold -0.
AVX2 static inline __m256 load_tail(const float *p, size_t count) {
    float tail[8] = {0};
    for (size_t i = 0; i < count; ++i) tail[i] = p[i];
    return _mm256_loadu_ps(tail);
}

AVX2 static inline __m256d low_half(__m256 v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
AVX2 static inline __m256d high_half(__m256 v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }

AVX2_FMA double simile_verdict_dot_avx2(const float *a, const float *b, size_t depth) {
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

AVX2 double simile_verdict_squared_distance_avx2(const float *a, const float *b, size_t depth) {
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

AVX2_FMA void simile_verdict_squared_norms_avx2(
    const float *rows, size_t stride, size_t count, size_t depth, double *sums) {
    // One row has two dependent chains of additions, four cycles each; four rows at a time keep both multiply-add
    // ports busy, and the loop is then bound by the conversions (or by memory).
    size_t r = 0;
    for (; r + 4 <= count; r += 4) {
        const float *p0 = rows + r * stride, *p1 = p0 + stride, *p2 = p1 + stride, *p3 = p2 + stride;
        __m256d low0 = _mm256_setzero_pd(), high0 = low0, low1 = low0, high1 = low0;
        __m256d low2 = low0, high2 = low0, low3 = low0, high3 = low0;
        size_t i = 0;
        for (; i + 8 <= depth; i += 8) {
            __m256d x;
            x = _mm256_cvtps_pd(_mm_loadu_ps(p0 + i)), low0 = _mm256_fmadd_pd(x, x, low0);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p0 + i + 4)), high0 = _mm256_fmadd_pd(x, x, high0);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p1 + i)), low1 = _mm256_fmadd_pd(x, x, low1);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p1 + i + 4)), high1 = _mm256_fmadd_pd(x, x, high1);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p2 + i)), low2 = _mm256_fmadd_pd(x, x, low2);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p2 + i + 4)), high2 = _mm256_fmadd_pd(x, x, high2);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p3 + i)), low3 = _mm256_fmadd_pd(x, x, low3);
            x = _mm256_cvtps_pd(_mm_loadu_ps(p3 + i + 4)), high3 = _mm256_fmadd_pd(x, x, high3);
        }
        if (i < depth) {
            __m256 t;
            t = load_tail(p0 + i, depth - i);
            low0 = _mm256_fmadd_pd(low_half(t), low_half(t), low0);
            high0 = _mm256_fmadd_pd(high_half(t), high_half(t), high0);
            t = load_tail(p1 + i, depth - i);
            low1 = _mm256_fmadd_pd(low_half(t), low_half(t), low1);
            high1 = _mm256_fmadd_pd(high_half(t), high_half(t), high1);
            t = load_tail(p2 + i, depth - i);
            low2 = _mm256_fmadd_pd(low_half(t), low_half(t), low2);
            high2 = _mm256_fmadd_pd(high_half(t), high_half(t), high2);
            t = load_tail(p3 + i, depth - i);
            low3 = _mm256_fmadd_pd(low_half(t), low_half(t), low3);
            high3 = _mm256_fmadd_pd(high_half(t), high_half(t), high3);
        }
        sums[r] = canonical_sum(low0, high0);
        sums[r + 1] = canonical_sum(low1, high1);
        sums[r + 2] = canonical_sum(low2, high2);
        sums[r + 3] = canonical_sum(low3, high3);
    }
    for (; r < count; ++r) sums[r] = simile_verdict_dot_avx2(rows + r * stride, rows + r * stride, depth);
}

#endif
