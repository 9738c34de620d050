// SPDX-License-Identifier: Apache-2.0
//
// Helpers that the C kernels of verdicts and filters share; private to this module.

#ifndef SIMILE_LANES_AVX2_H
#define SIMILE_LANES_AVX2_H

#include <immintrin.h>

#include "targets.h"

/// The sum of eight floats in any order, for filters.
AVX2_UNFUSED static inline float horizontal_sum(__m256 v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

#endif
