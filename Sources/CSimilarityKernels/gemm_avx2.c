// SPDX-License-Identifier: Apache-2.0

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "targets.h"

#define LEVEL(name) name##_avx2
#define TARGET AVX2
#define VECTOR __m256
#define LANES 8
// Twelve sums, two registers of the panel and one broadcast of the sixteen that there are.
#define ROWS 6
#define DEPTH 320
#define ZERO _mm256_setzero_ps
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define ADD _mm256_add_ps
#define BROADCAST _mm256_broadcast_ss
#define MULTIPLY_ADD _mm256_fmadd_ps

// Eight floats of eight rows to eight columns.
AVX2 ALWAYS_INLINE void transpose_avx2(
    const float *rows, size_t stride, float *columns, size_t column_stride) {
    __m256 r[8], t[8];
    for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(rows + (size_t)i * stride);
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; ++i) {
        _mm256_storeu_ps(columns + (size_t)i * column_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(columns + (size_t)(i + 4) * column_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}

#include "gemm_tile.h"

#endif
