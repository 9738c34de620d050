// SPDX-License-Identifier: Apache-2.0

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "targets.h"

#define LEVEL(name) name##_avx512
#define TARGET AVX512
#define VECTOR __m512
#define LANES 16
// Twenty-four sums and two registers of the panel; the broadcast is part of the multiply-add.
#define ROWS 12
#define DEPTH 192
#define ZERO _mm512_setzero_ps
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define ADD _mm512_add_ps
#define BROADCAST(p) _mm512_set1_ps(*(p))
#define MULTIPLY_ADD _mm512_fmadd_ps

// Sixteen floats of sixteen rows to sixteen columns: pairs, fours, then blocks of four.
AVX512 ALWAYS_INLINE void transpose_avx512(
    const float *rows, size_t stride, float *columns, size_t column_stride) {
    __m512 r[16], t[16];
    for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(rows + (size_t)i * stride);
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
    // Register 4 g + k holds, in each of its four quarters q, column 4 q + k of rows 4 g to 4 g + 3.
    for (int k = 0; k < 4; ++k) {
        const __m512 low = _mm512_shuffle_f32x4(r[k], r[4 + k], 0x88), odd = _mm512_shuffle_f32x4(r[k], r[4 + k], 0xDD);
        const __m512 high = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0x88);
        const __m512 last = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0xDD);
        _mm512_storeu_ps(columns + (size_t)k * column_stride, _mm512_shuffle_f32x4(low, high, 0x88));
        _mm512_storeu_ps(columns + (size_t)(4 + k) * column_stride, _mm512_shuffle_f32x4(odd, last, 0x88));
        _mm512_storeu_ps(columns + (size_t)(8 + k) * column_stride, _mm512_shuffle_f32x4(low, high, 0xDD));
        _mm512_storeu_ps(columns + (size_t)(12 + k) * column_stride, _mm512_shuffle_f32x4(odd, last, 0xDD));
    }
}

#include "gemm_tile.h"

#endif
