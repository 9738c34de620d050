// SPDX-License-Identifier: Apache-2.0
//
// Codes of coordinates at AVX-512. Contract: `Quantizer` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "targets.h"

AVX512 static inline __mmask16 lanes(size_t left) { return left < 16 ? (__mmask16)((1u << left) - 1) : 0xFFFF; }
AVX512 static inline __m512d low_half(__m512 v) { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
AVX512 static inline __m512d high_half(__m512 v) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)); }

AVX512 double simile_extent_avx512(const float *y, size_t count, float *largest) {
    __m512d low = _mm512_setzero_pd(), high = low;
    __m512 most = _mm512_setzero_ps();
    for (size_t i = 0; i < count; i += 16) {
        const __m512 v = _mm512_maskz_loadu_ps(lanes(count - i), y + i);
        const __m512d l = low_half(v), h = high_half(v);
        low = _mm512_fmadd_pd(l, l, low);
        high = _mm512_fmadd_pd(h, h, high);
        most = _mm512_max_ps(most, _mm512_abs_ps(v));
    }
    *largest = _mm512_reduce_max_ps(most);
    return _mm512_reduce_add_pd(_mm512_add_pd(low, high));
}

AVX512 struct simile_quantized simile_quantize_avx512(
    const float *y, size_t count, float scale, float limit, int16_t *codes) {
    const __m512 inverse = _mm512_set1_ps(1 / scale), step = _mm512_set1_ps(scale);
    const __m512 most = _mm512_set1_ps(limit), least = _mm512_set1_ps(-limit);
    __m512d lost = _mm512_setzero_pd(), size = lost, squares = lost;
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 here = lanes(count - i);
        const __m512 v = _mm512_maskz_loadu_ps(here, y + i);
        const __m512 clamped = _mm512_max_ps(_mm512_min_ps(_mm512_mul_ps(v, inverse), most), least);
        const __m512i code = _mm512_cvtps_epi32(clamped);
        _mm256_mask_storeu_epi16(codes + i, here, _mm512_cvtepi32_epi16(code));
        const __m512 whole = _mm512_cvtepi32_ps(code), rest = _mm512_fnmadd_ps(whole, step, v);
        const __m512d r0 = low_half(rest), r1 = high_half(rest), y0 = low_half(v), y1 = high_half(v);
        const __m512d c0 = low_half(whole), c1 = high_half(whole);
        lost = _mm512_fmadd_pd(r1, r1, _mm512_fmadd_pd(r0, r0, lost));
        size = _mm512_fmadd_pd(y1, y1, _mm512_fmadd_pd(y0, y0, size));
        // Integers below 2^53 are added exactly.
        squares = _mm512_fmadd_pd(c1, c1, _mm512_fmadd_pd(c0, c0, squares));
    }
    return (struct simile_quantized){
        _mm512_reduce_add_pd(lost), _mm512_reduce_add_pd(size), (int64_t)_mm512_reduce_add_pd(squares)};
}

#endif
