// SPDX-License-Identifier: Apache-2.0
//
// Filter kernels at AVX2: their rounding is inside the slack of the filter, so they may add in any order.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <string.h>

#include "lanes_avx2.h"
#include "targets.h"

AVX2 void simile_dot_rows_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores) {
    // Four rows share each load of the query. Two accumulators a row are eight chains of multiply-adds: as many as two
    // ports with a latency of four cycles can keep going.
    size_t r = 0;
    for (; r + 4 <= count; r += 4) {
        const float *p0 = rows + r * stride, *p1 = p0 + stride, *p2 = p1 + stride, *p3 = p2 + stride;
        __m256 a0 = _mm256_setzero_ps(), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        size_t i = 0;
        for (; i + 16 <= depth; i += 16) {
            const __m256 q = _mm256_loadu_ps(query + i), s = _mm256_loadu_ps(query + i + 8);
            a0 = _mm256_fmadd_ps(q, _mm256_loadu_ps(p0 + i), a0);
            a1 = _mm256_fmadd_ps(q, _mm256_loadu_ps(p1 + i), a1);
            a2 = _mm256_fmadd_ps(q, _mm256_loadu_ps(p2 + i), a2);
            a3 = _mm256_fmadd_ps(q, _mm256_loadu_ps(p3 + i), a3);
            b0 = _mm256_fmadd_ps(s, _mm256_loadu_ps(p0 + i + 8), b0);
            b1 = _mm256_fmadd_ps(s, _mm256_loadu_ps(p1 + i + 8), b1);
            b2 = _mm256_fmadd_ps(s, _mm256_loadu_ps(p2 + i + 8), b2);
            b3 = _mm256_fmadd_ps(s, _mm256_loadu_ps(p3 + i + 8), b3);
        }
        float s0 = horizontal_sum(_mm256_add_ps(a0, b0)), s1 = horizontal_sum(_mm256_add_ps(a1, b1));
        float s2 = horizontal_sum(_mm256_add_ps(a2, b2)), s3 = horizontal_sum(_mm256_add_ps(a3, b3));
        for (; i < depth; ++i) {
            s0 += query[i] * p0[i];
            s1 += query[i] * p1[i];
            s2 += query[i] * p2[i];
            s3 += query[i] * p3[i];
        }
        scores[r] = s0;
        scores[r + 1] = s1;
        scores[r + 2] = s2;
        scores[r + 3] = s3;
    }
    for (; r < count; ++r) {
        const float *p = rows + r * stride;
        __m256 a = _mm256_setzero_ps();
        size_t i = 0;
        for (; i + 8 <= depth; i += 8)
            a = _mm256_fmadd_ps(_mm256_loadu_ps(query + i), _mm256_loadu_ps(p + i), a);
        float s = horizontal_sum(a);
        for (; i < depth; ++i) s += query[i] * p[i];
        scores[r] = s;
    }
}

AVX2 size_t simile_threshold_scan_avx2(
    const float *scores, const float *norms, const float *offsets, float slope, float base, size_t count,
    int32_t *survivors) {
    // Nearly every group of scores has no survivor, so 32 of them are tested with one branch.
    const __m256 a = _mm256_set1_ps(slope), b = _mm256_set1_ps(base);
    size_t found = 0, j = 0;
    for (; j + 32 <= count; j += 32) {
        unsigned mask = 0;
        __m256 below[4];
        for (int g = 0; g < 4; ++g) {
            const size_t at = j + 8 * (size_t)g;
            const __m256 bound = _mm256_add_ps(
                _mm256_fmadd_ps(a, _mm256_loadu_ps(norms + at), _mm256_loadu_ps(offsets + at)), b);
            below[g] = _mm256_cmp_ps(_mm256_loadu_ps(scores + at), bound, _CMP_NLT_UQ);
        }
        const __m256 any = _mm256_or_ps(_mm256_or_ps(below[0], below[1]), _mm256_or_ps(below[2], below[3]));
        if (_mm256_testz_ps(any, any)) continue;
        for (int g = 0; g < 4; ++g) mask |= (unsigned)_mm256_movemask_ps(below[g]) << (8 * g);
        for (; mask; mask &= mask - 1) survivors[found++] = (int32_t)(j + (size_t)__builtin_ctz(mask));
    }
    for (; j < count; ++j)
        if (!(scores[j] < slope * norms[j] + offsets[j] + base)) survivors[found++] = (int32_t)j;
    return found;
}

AVX2 void simile_convert_float16_avx2(const void *halves, size_t count, float *values) {
    const char *source = halves;
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(values + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(source + 2 * i))));
    for (; i < count; ++i) {
        uint16_t half;
        memcpy(&half, source + 2 * i, 2);
        values[i] = _cvtsh_ss(half);
    }
}

#endif
