// SPDX-License-Identifier: Apache-2.0
//
// Codes of coordinates at AVX2. Contract: `Quantizer` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#include "targets.h"

AVX2 static inline __m256d low_half(__m256 v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
AVX2 static inline __m256d high_half(__m256 v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
AVX2 static inline double sum(__m256d v) {
    const __m128d s = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)));
}

AVX2 double simile_extent_avx2(const float *y, size_t count, float *largest) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256d low = _mm256_setzero_pd(), high = low;
    __m256 most = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256 v = _mm256_loadu_ps(y + i);
        const __m256d l = low_half(v), h = high_half(v);
        low = _mm256_fmadd_pd(l, l, low);
        high = _mm256_fmadd_pd(h, h, high);
        most = _mm256_max_ps(most, _mm256_andnot_ps(sign, v));
    }
    double total = sum(_mm256_add_pd(low, high));
    float peaks[8], peak = 0;
    _mm256_storeu_ps(peaks, most);
    for (int j = 0; j < 8; ++j) peak = peaks[j] > peak ? peaks[j] : peak;
    for (; i < count; ++i) {
        total += (double)y[i] * y[i];
        peak = fabsf(y[i]) > peak ? fabsf(y[i]) : peak;
    }
    *largest = peak;
    return total;
}

AVX2 struct simile_quantized simile_quantize_avx2(
    const float *y, size_t count, float scale, float limit, int16_t *codes) {
    const float inverse = 1 / scale;
    const __m256 inverses = _mm256_set1_ps(inverse), step = _mm256_set1_ps(scale);
    const __m256 most = _mm256_set1_ps(limit), least = _mm256_set1_ps(-limit);
    __m256d lost = _mm256_setzero_pd(), size = lost, squares = lost;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256 v = _mm256_loadu_ps(y + i);
        const __m256i code = _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(_mm256_mul_ps(v, inverses), most), least));
        _mm_storeu_si128(
            (__m128i *)(codes + i), _mm_packs_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1)));
        const __m256 whole = _mm256_cvtepi32_ps(code), rest = _mm256_fnmadd_ps(whole, step, v);
        const __m256d r0 = low_half(rest), r1 = high_half(rest), y0 = low_half(v), y1 = high_half(v);
        const __m256d c0 = low_half(whole), c1 = high_half(whole);
        lost = _mm256_fmadd_pd(r1, r1, _mm256_fmadd_pd(r0, r0, lost));
        size = _mm256_fmadd_pd(y1, y1, _mm256_fmadd_pd(y0, y0, size));
        // Integers below 2^53 are added exactly.
        squares = _mm256_fmadd_pd(c1, c1, _mm256_fmadd_pd(c0, c0, squares));
    }
    struct simile_quantized total = {sum(lost), sum(size), (int64_t)sum(squares)};
    for (; i < count; ++i) {
        const float scaled = y[i] * inverse, clamped = scaled > limit ? limit : scaled < -limit ? -limit : scaled;
        const float whole = rintf(clamped), rest = y[i] - whole * scale;
        codes[i] = (int16_t)whole;
        total.lost += (double)rest * rest;
        total.size += (double)y[i] * y[i];
        total.squares += (int64_t)whole * (int64_t)whole;
    }
    return total;
}

#endif
