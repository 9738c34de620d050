// SPDX-License-Identifier: Apache-2.0
//
// Rows of bytes times weights of bytes at AVX-512 VNNI. Sums are integers, and what is rounded after them is rounded in the same steps on every
// level, so the results have the same bits. Contract: `ByteProducts` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "targets.h"

#define UNROLLED _Pragma("clang loop unroll(full)")

/// 24 sums, four vectors of weights, and four codes of a row that are read once for all of them.
#define MOST_ROWS 6
#define MOST_PANELS 4

AVX512 struct simile_byte_row simile_byte_row_avx512(const float *x, size_t count, uint8_t *codes) {
    __m512 least = _mm512_setzero_ps(), most = least, strange = least;
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = count - i < 16 ? (__mmask16)((1u << (count - i)) - 1) : 0xFFFF;
        const __m512 v = _mm512_maskz_loadu_ps(mask, x + i);
        least = _mm512_min_ps(least, v);
        most = _mm512_max_ps(most, v);
        strange = _mm512_add_ps(strange, _mm512_sub_ps(v, v));
    }
    struct simile_byte_row row = {0, 0};
    const float low = _mm512_reduce_min_ps(least), high = _mm512_reduce_max_ps(most);
    if (!(_mm512_reduce_add_ps(strange) == 0)) row.scale = NAN;
    else row.scale = (high - low) / 255;
    if (!(row.scale >= 1e-30f) || !(row.scale <= 3e38f)) {
        memset(codes, 0, count);
        row.scale = row.scale < 1e-30f ? 0 : NAN;
        return row;
    }
    const float factor = 1 / row.scale;
    row.zero = _mm_cvtss_si32(_mm_set_ss(-low * factor));
    const __m512 factors = _mm512_set1_ps(factor);
    const __m512i zeros = _mm512_set1_epi32(row.zero), none = _mm512_setzero_si512();
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = count - i < 16 ? (__mmask16)((1u << (count - i)) - 1) : 0xFFFF;
        const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factors));
        const __m512i code = _mm512_max_epi32(_mm512_add_epi32(whole, zeros), none);
        _mm512_mask_cvtusepi32_storeu_epi8(codes + i, mask, code);
    }
    return row;
}

/// `rows` and `panels` are constants where this is used.
AVX512 ALWAYS_INLINE void multiply(const struct simile_byte_product *t, size_t row, size_t panel, int rows, int panels) {
    const size_t depth = t->depth;
    const uint8_t *a = t->rows + row * depth;
    const int8_t *b = t->panels + panel * 16 * depth;
    __m512i sums[MOST_ROWS][MOST_PANELS];
    UNROLLED for (int i = 0; i < rows; ++i)
        UNROLLED for (int p = 0; p < panels; ++p) sums[i][p] = _mm512_setzero_si512();
    for (size_t k = 0; k < depth; k += 4) {
        __m512i weights[MOST_PANELS];
        UNROLLED for (int p = 0; p < panels; ++p) weights[p] = _mm512_loadu_si512(b + (size_t)p * 16 * depth + 16 * k);
        UNROLLED for (int i = 0; i < rows; ++i) {
            int32_t four;
            memcpy(&four, a + (size_t)i * depth + k, 4);
            const __m512i codes = _mm512_set1_epi32(four);
            UNROLLED for (int p = 0; p < panels; ++p) sums[i][p] = _mm512_dpbusd_epi32(sums[i][p], codes, weights[p]);
        }
    }
    UNROLLED for (int p = 0; p < panels; ++p) {
        const size_t column = 16 * (panel + (size_t)p);
        if (column >= t->columns) return;
        const size_t left = t->columns - column;
        const __mmask16 mask = left < 16 ? (__mmask16)((1u << left) - 1) : 0xFFFF;
        const __m512i weight_sums = _mm512_loadu_si512(t->weight_sums + column);
        const __m512 scales = _mm512_loadu_ps(t->weight_scales + column);
        UNROLLED for (int i = 0; i < rows; ++i) {
            const struct simile_byte_row *code = t->codes + row + (size_t)i;
            const __m512i sum = _mm512_sub_epi32(sums[i][p], _mm512_mullo_epi32(weight_sums, _mm512_set1_epi32(code->zero)));
            const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(code->scale));
            _mm512_mask_storeu_ps(t->output + (row + (size_t)i) * t->stride + column, mask, _mm512_mul_ps(scaled, scales));
        }
    }
}

AVX512 ALWAYS_INLINE void multiply_rows(const struct simile_byte_product *t, size_t panel, int panels) {
    size_t row = 0;
    for (; row + 6 <= t->row_count; row += 6) multiply(t, row, panel, 6, panels);
    switch (t->row_count - row) {
    case 1: multiply(t, row, panel, 1, panels); break;
    case 2: multiply(t, row, panel, 2, panels); break;
    case 3: multiply(t, row, panel, 3, panels); break;
    case 4: multiply(t, row, panel, 4, panels); break;
    case 5: multiply(t, row, panel, 5, panels); break;
    default: break;
    }
}

AVX512 void simile_byte_products_avx512(const struct simile_byte_product *t) {
    const size_t count = (t->columns + 15) / 16;
    size_t panel = 0;
    for (; panel + 4 <= count; panel += 4) multiply_rows(t, panel, 4);
    for (; panel < count; ++panel) multiply_rows(t, panel, 1);
}

#endif
