// SPDX-License-Identifier: Apache-2.0

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "targets.h"

#define LEVEL(name) name##_avx2
#define TARGET AVX2
#define VECTOR __m256
#define LANES 8
#define SET(x) _mm256_set1_ps(x)
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define ADD _mm256_add_ps
#define SUBTRACT _mm256_sub_ps
#define MULTIPLY _mm256_mul_ps
#define DIVIDE _mm256_div_ps
#define MULTIPLY_ADD _mm256_fmadd_ps
#define AT_LEAST _mm256_max_ps
#define AT_MOST _mm256_min_ps
#define POWER(shifted) \
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(shifted), 23), _mm256_set1_epi32(127 << 23)))

#include "activation.h"

#endif
