// SPDX-License-Identifier: Apache-2.0

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "targets.h"

#define LEVEL(name) name##_avx512
#define TARGET AVX512
#define VECTOR __m512
#define LANES 16
#define SET(x) _mm512_set1_ps(x)
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define ADD _mm512_add_ps
#define SUBTRACT _mm512_sub_ps
#define MULTIPLY _mm512_mul_ps
#define DIVIDE _mm512_div_ps
#define MULTIPLY_ADD _mm512_fmadd_ps
#define AT_LEAST _mm512_max_ps
#define AT_MOST _mm512_min_ps
#define POWER(shifted) \
    _mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23), _mm512_set1_epi32(127 << 23)))

#include "activation.h"

#endif
