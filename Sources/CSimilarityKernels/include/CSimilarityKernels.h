// SPDX-License-Identifier: Apache-2.0
//
// The kernels that need an instruction set Swift cannot name. Every function carries its own target attribute, so the module
// is compiled for the baseline and still runs there; which of them run is decided by the table of levels
// (`KernelLevel+Table.swift`). Contracts are written at the Swift types that the table names.
//
// All pointers may be unaligned; all counts may be zero; no function allocates, locks or writes outside its outputs.

#ifndef SIMILE_C_SIMILARITY_KERNELS_H
#define SIMILE_C_SIMILARITY_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Floats of the workspace of a GEMM tile.
#define SIMILE_GEMM_WORKSPACE 81920

/// A pair that an integer filter could not drop, by its place in the tile, and the product of its codes.
struct simile_survivor {
    uint16_t query, row;
    int32_t product;
};

/// Coded rows against coded queries: the input of a code tile. See `CodeTile` for layout and ranges.
struct simile_code_tile {
    /// Panels of 16 rows, `16 * depth` bytes each: step by step, four codes + 128 of each row.
    const uint8_t *panels;
    /// Quads of 4 queries, `4 * depth` bytes each: step by step, four codes of each query. At AMX groups of 16, of `16 * depth`
    /// bytes, `depth` rounded up to 64 with zeros: 64 codes of each query, then the next 64 of each.
    const int8_t *queries;
    /// A quad's corrections, chunk by chunk, one a query: minus 128 times the codes; where products are added in 16 bits, those
    /// that each of two 16-bit lanes sees, two lanes in one.
    const int32_t *corrections;
    /// A product is dropped if it is below `slopes[query] * offsets[row] + tail_slopes[query] * tails[row] + bases[query]`.
    const float *offsets, *tails, *slopes, *tail_slopes, *bases;
    size_t panel_count, quad_count, depth, chunk_depth, chunk_count;
    /// False if all offsets and all tails are zero, so that a kernel need not read them.
    bool has_row_terms;
    /// Where rows want something as well: a product is dropped if it is below the lesser of `slopes[query] * offsets[row] +
    /// bases[query]` and `floor_slopes[query] * row_floors[row] + floor_bases[query]`, each with `tail_slopes[query] * tails[row]`
    /// added. If the second is a NaN, nothing is dropped. Null if only queries want.
    const float *_Nullable row_floors, *_Nullable floor_slopes, *_Nullable floor_bases;
};

/// What became of some coordinates when they were coded: the sums of the squares of what is lost, of the coordinates and of the
/// codes.
struct simile_quantized {
    double lost, size;
    int64_t squares;
};

/// Asks for bytes that will be read soon, at most 4 KiB of them.
static inline void simile_prefetch(const void *bytes, size_t count) {
    for (size_t at = 0; at < count && at < 4096; at += 64) __builtin_prefetch((const char *)bytes + at, 0, 3);
}

/// What the codes of a row stand for: `scale * (code - zero)`.
struct simile_byte_row {
    float scale;
    int32_t zero;
};

/// Rows of codes times weights of bytes.
struct simile_byte_product {
    /// `row_count` x `depth` codes, and what they stand for.
    const uint8_t *rows;
    const struct simile_byte_row *codes;
    size_t row_count;
    /// Panels of 16 columns, each `depth / 4` times 16 x 4 weights.
    const int8_t *panels;
    /// Of each column, padded to 16: the sum of its weights, and what one of them stands for.
    const int32_t *weight_sums;
    const float *weight_scales;
    size_t columns;
    /// A multiple of four.
    size_t depth;
    /// Row r begins at `r * stride`.
    float *output;
    size_t stride;
};

#if defined(__x86_64__)

/// Whether this processor and operating system run AVX2, FMA, F16C and POPCNT code. Asked of the hardware once.
bool simile_has_avx2(void);

/// The same for AVX-512 (F, BW, VL, DQ, VNNI).
bool simile_has_avx512(void);

/// The same for AVX-512 and AMX (TILE, INT8). A process must still ask for permission before it uses a tile.
bool simile_has_amx(void);

/// Asks for permission to use tiles, for the whole process and its children; 0, or the system's error in `errno` and -1. Asking
/// again costs nothing.
int simile_request_tiles(void);

/// The canonical dot product (verdict): eight `double` lanes, fixed order of addition.
double simile_verdict_dot_avx2(const float *a, const float *b, size_t depth);

/// The canonical squared Euclidean distance (verdict): the same lanes, no fused multiply-add.
double simile_verdict_squared_distance_avx2(const float *a, const float *b, size_t depth);

/// `sums[r]` = the canonical dot product of row `r` with itself, for `count` rows `stride` floats apart.
void simile_verdict_squared_norms_avx2(
    const float *rows, size_t stride, size_t count, size_t depth, double *sums);

/// `scores[r]` = the dot product of `query` with row `r` in single precision, any order of addition (a filter).
void simile_dot_rows_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores);

/// `simile_dot_rows_avx2` and `simile_verdict_squared_norms_avx2` in one read of the rows.
void simile_dot_rows_with_norms_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t depth, float *scores, double *sums);

/// Writes the ascending indices `j` for which `!(scores[j] < slope * norms[j] + offsets[j] + base)`; returns how many.
/// `survivors` has room for `count` indices.
size_t simile_threshold_scan_avx2(
    const float *scores, const float *norms, const float *offsets, float slope, float base, size_t count,
    int32_t *survivors);

size_t simile_threshold_scan_avx512(
    const float *scores, const float *norms, const float *offsets, float slope, float base, size_t count,
    int32_t *survivors);

/// `values[i]` = the i-th IEEE half, exactly.
void simile_convert_float16_avx2(const void *halves, size_t count, float *values);

/// C = A * B^T in single precision; contract at `GEMM`. `workspace` has room for `SIMILE_GEMM_WORKSPACE` floats; `depth > 0`.
void simile_gemm_tile_avx2(
    const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride, size_t columns, size_t depth, float *c,
    size_t c_stride, float *workspace);
void simile_gemm_tile_avx512(
    const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride, size_t columns, size_t depth, float *c,
    size_t c_stride, float *workspace);

/// The sum of the squares of `count` coordinates; their largest magnitude goes to `*largest`.
double simile_extent_avx2(const float *y, size_t count, float *largest);
double simile_extent_avx512(const float *y, size_t count, float *largest);

/// `codes[i]` = `y[i] / scale`, rounded to an integer of at most `limit`; at most 32,767.
struct simile_quantized simile_quantize_avx2(const float *y, size_t count, float scale, float limit, int16_t *codes);
struct simile_quantized simile_quantize_avx512(const float *y, size_t count, float scale, float limit, int16_t *codes);

/// Tests all pairs from panel `*panel` on, stops before a panel that may not fit `capacity` and tells in `*panel` where.
/// Returns how many survivors it wrote.
size_t simile_code_tile_avx2(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity);
size_t simile_code_tile_avx512(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity);
size_t simile_code_tile_amx(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity);

/// The same for the first query of the first quad alone, streaming the rows.
size_t simile_code_row_avx2(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity);
size_t simile_code_row_avx512(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity);
size_t simile_code_row_amx(
    const struct simile_code_tile *tile, size_t *panel, struct simile_survivor *survivors, size_t capacity);

/// `products[i]` = the integer dot product of the 16-bit codes of the i-th survivor's query and the 8-bit codes of its row;
/// `|query| * |row| < 2^31`.
void simile_code_products_avx2(
    const struct simile_survivor *survivors, size_t count, const int16_t *queries, const int8_t *rows, size_t depth,
    int32_t *products);
void simile_code_products_avx512(
    const struct simile_survivor *survivors, size_t count, const int16_t *queries, const int8_t *rows, size_t depth,
    int32_t *products);

void simile_gelu_avx2(float *values, const float *bias, size_t count);
void simile_gelu_avx512(float *values, const float *bias, size_t count);
void simile_softmax_avx2(float *row, size_t count, float scale);
void simile_softmax_avx512(float *row, size_t count, float scale);

/// Codes of a row, and what they stand for; contract at `ByteProducts`.
struct simile_byte_row simile_byte_row_avx2(const float *x, size_t count, uint8_t *codes);
struct simile_byte_row simile_byte_row_avx512(const float *x, size_t count, uint8_t *codes);

/// Rows times weights; contract at `ByteProducts`.
void simile_byte_products_avx2(const struct simile_byte_product *product);
void simile_byte_products_avx512(const struct simile_byte_product *product);

/// `distances[r]` = the number of bits in which the `width` bytes of the query and of row r differ.
void simile_hamming_avx2(
    const uint8_t *query, const uint8_t *rows, size_t width, size_t count, uint32_t *distances);

#endif

#pragma clang assume_nonnull end

#endif
