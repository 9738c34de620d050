// SPDX-License-Identifier: Apache-2.0

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

bool simile_has_avx2(void) {
    // The builtin reads the processor once per process and also checks that the operating system saves the wide
    // registers.
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool simile_has_avx512(void) {
    return simile_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

#else

bool simile_has_avx2(void) { return false; }
bool simile_has_avx512(void) { return false; }
void simile_gemm_tile_avx2(
    const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride, size_t columns, size_t depth, float *c,
    size_t c_stride, float *workspace) {}
void simile_gemm_tile_avx512(
    const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride, size_t columns, size_t depth, float *c,
    size_t c_stride, float *workspace) {}

double simile_verdict_dot_avx2(const float *a, const float *b, size_t depth) { return 0; }
double simile_verdict_squared_distance_avx2(const float *a, const float *b, size_t depth) { return 0; }
void simile_verdict_squared_norms_avx2(
    const float *rows, size_t stride, size_t count, size_t depth, double *sums) {}
void simile_dot_rows_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores) {}
void simile_dot_rows_with_norms_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores, double *sums) {}
size_t simile_threshold_scan_avx2(
    const float *scores, const float *norms, const float *offsets, float slope, float base, size_t count,
    int32_t *survivors) {
    return 0;
}
void simile_convert_float16_avx2(const uint16_t *halves, size_t count, float *values) {}
size_t simile_code_tile_avx2(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    return 0;
}
size_t simile_code_row_avx2(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    return 0;
}
void simile_code_products_avx2(
    const struct simile_survivor *survivors, size_t count, const int16_t *queries, const int8_t *rows, size_t depth,
    int32_t *products) {}

#endif
