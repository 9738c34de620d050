// SPDX-License-Identifier: Apache-2.0
//
// Rows of bytes times weights of bytes at AVX2, in products of 16 bits: sums of two products of full bytes do not fit the instruction for bytes.
// Contract: `ByteProducts` in `SimilarityKernels`.

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "targets.h"

#define UNROLLED _Pragma("clang loop unroll(full)")

/// Twelve sums, a vector of weights and one of a row.
#define MOST_ROWS 3
/// Codes of a row that are widened at a time.
#define CHUNK 512

AVX2 struct simile_byte_row simile_byte_row_avx2(const float *x, size_t count, uint8_t *codes) {
    const size_t whole = count / 8 * 8;
    __m256 least = _mm256_setzero_ps(), most = least, strange = least;
    for (size_t i = 0; i < whole; i += 8) {
        const __m256 v = _mm256_loadu_ps(x + i);
        least = _mm256_min_ps(least, v);
        most = _mm256_max_ps(most, v);
        strange = _mm256_add_ps(strange, _mm256_sub_ps(v, v));
    }
    float lows[8], highs[8], odd[8];
    _mm256_storeu_ps(lows, least);
    _mm256_storeu_ps(highs, most);
    _mm256_storeu_ps(odd, strange);
    float low = 0, high = 0, sum = 0;
    for (int j = 0; j < 8; ++j) {
        low = lows[j] < low ? lows[j] : low;
        high = highs[j] > high ? highs[j] : high;
        sum += odd[j];
    }
    for (size_t i = whole; i < count; ++i) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
        sum += x[i] - x[i];
    }
    struct simile_byte_row row = {0, 0};
    if (!(sum == 0)) row.scale = NAN;
    else row.scale = (high - low) / 255;
    if (!(row.scale >= 1e-30f) || !(row.scale <= 3e38f)) {
        memset(codes, 0, count);
        row.scale = row.scale < 1e-30f ? 0 : NAN;
        return row;
    }
    const float factor = 1 / row.scale;
    row.zero = _mm_cvtss_si32(_mm_set_ss(-low * factor));
    const __m256 factors = _mm256_set1_ps(factor);
    const __m256i zeros = _mm256_set1_epi32(row.zero);
    for (size_t i = 0; i < count; i += 8) {
        float tail[8] = {0};
        const size_t left = count - i < 8 ? count - i : 8;
        if (left < 8) memcpy(tail, x + i, 4 * left);
        const __m256 v = left < 8 ? _mm256_loadu_ps(tail) : _mm256_loadu_ps(x + i);
        const __m256i code = _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(v, factors)), zeros);
        const __m128i halves = _mm_packs_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1));
        uint8_t bytes[16];
        _mm_storeu_si128((__m128i *)bytes, _mm_packus_epi16(halves, halves));
        memcpy(codes + i, bytes, left);
    }
    return row;
}

/// `rows` is a constant where this is used.
AVX2 ALWAYS_INLINE void multiply(const struct simile_byte_product *t, size_t row, size_t panel, int rows) {
    const size_t depth = t->depth;
    const uint8_t *a = t->rows + row * depth;
    const int8_t *b = t->panels + panel * 16 * depth;
    __m256i sums[MOST_ROWS][4];
    UNROLLED for (int i = 0; i < rows; ++i)
        UNROLLED for (int q = 0; q < 4; ++q) sums[i][q] = _mm256_setzero_si256();
    int16_t wide[MOST_ROWS][CHUNK];
    for (size_t first = 0; first < depth; first += CHUNK) {
        const size_t count = depth - first < CHUNK ? depth - first : CHUNK;
        UNROLLED for (int i = 0; i < rows; ++i)
            for (size_t k = 0; k < count; ++k) wide[i][k] = a[(size_t)i * depth + first + k];
        for (size_t k = 0; k < count; k += 4) {
            __m256i codes[MOST_ROWS];
            UNROLLED for (int i = 0; i < rows; ++i) {
                int64_t four;
                memcpy(&four, &wide[i][k], 8);
                codes[i] = _mm256_set1_epi64x(four);
            }
            UNROLLED for (int q = 0; q < 4; ++q) {
                const __m128i bytes = _mm_loadu_si128((const __m128i *)(b + 16 * (first + k) + 16 * (size_t)q));
                const __m256i weights = _mm256_cvtepi8_epi16(bytes);
                UNROLLED for (int i = 0; i < rows; ++i)
                    sums[i][q] = _mm256_add_epi32(sums[i][q], _mm256_madd_epi16(codes[i], weights));
            }
        }
    }
    UNROLLED for (int h = 0; h < 2; ++h) {
        const size_t column = 16 * panel + 8 * (size_t)h;
        if (column >= t->columns) return;
        const size_t left = t->columns - column;
        const __m256i weight_sums = _mm256_loadu_si256((const __m256i *)(t->weight_sums + column));
        const __m256 scales = _mm256_loadu_ps(t->weight_scales + column);
        UNROLLED for (int i = 0; i < rows; ++i) {
            const struct simile_byte_row *code = t->codes + row + (size_t)i;
            const __m256i pairs = _mm256_hadd_epi32(sums[i][2 * h], sums[i][2 * h + 1]);
            const __m256i sum = _mm256_sub_epi32(
                _mm256_permute4x64_epi64(pairs, 0xD8), _mm256_mullo_epi32(weight_sums, _mm256_set1_epi32(code->zero)));
            const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(code->scale));
            float values[8];
            _mm256_storeu_ps(values, _mm256_mul_ps(scaled, scales));
            memcpy(t->output + (row + (size_t)i) * t->stride + column, values, 4 * (left < 8 ? left : 8));
        }
    }
}

AVX2 void simile_byte_products_avx2(const struct simile_byte_product *t) {
    for (size_t panel = 0; 16 * panel < t->columns; ++panel) {
        size_t row = 0;
        for (; row + 3 <= t->row_count; row += 3) multiply(t, row, panel, 3);
        if (t->row_count - row == 2) multiply(t, row, panel, 2);
        if (t->row_count - row == 1) multiply(t, row, panel, 1);
    }
}

#endif
