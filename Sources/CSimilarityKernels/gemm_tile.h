// SPDX-License-Identifier: Apache-2.0
//
// The float tile C = A * B^T, once for each instruction set: the file that includes this one defines
//
//   LEVEL(name)      the name of a function at the level
//   TARGET           the attribute that names the instruction set
//   VECTOR, LANES    a register of floats and how many it holds
//   ROWS             rows of A that a block takes
//   DEPTH            steps of the depth that are packed at a time: a panel of them leaves L1 room for more
//   ZERO, LOAD, STORE, ADD, BROADCAST, MULTIPLY_ADD
//   LEVEL(transpose) a function: LANES x LANES floats from rows to columns
//
// After BLIS (F. Van Zee, R. van de Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality", 2015,
// doi:10.1145/2764454): the depth is cut into parts of DEPTH. Of a part up to PASS_ROWS rows of A are packed, in
// blocks of ROWS, and stay in L2; a panel of 2 * LANES rows of B is packed, so that each step of the depth is two registers, and stays
// in L1 while the blocks of A stream past it. Where rows are a power of two apart, as they are at d = 1,024, unpacked rows of A would
// all fall into the same few places of L1.

enum { PANEL = 2 * LANES, PASS_ROWS = 240 };
_Static_assert(DEPTH * (PANEL + PASS_ROWS) <= SIMILE_GEMM_WORKSPACE, "the workspace holds a panel and the blocks of a pass");

// Packs `depth` columns of `count` rows of B, at most PANEL; missing rows are zeros.
TARGET static void LEVEL(pack)(const float *b, size_t stride, size_t count, size_t depth, float *panel) {
    size_t p = 0;
    if (count == PANEL) {
        for (; p + LANES <= depth; p += LANES) {
            LEVEL(transpose)(b + p, stride, panel + p * PANEL, PANEL);
            LEVEL(transpose)(b + LANES * stride + p, stride, panel + p * PANEL + LANES, PANEL);
        }
    }
    for (; p < depth; ++p) {
        for (size_t j = 0; j < PANEL; ++j) panel[p * PANEL + j] = j < count ? b[j * stride + p] : 0;
    }
}

// Packs `depth` columns of `rows` rows of A, four by four where there are as many.
TARGET static void LEVEL(pack_block)(const float *a, size_t stride, size_t depth, float *block, size_t rows) {
    const size_t even = depth & ~(size_t)3;
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const float *const source = a + r * stride;
        for (size_t p = 0; p < even; p += 4) {
            __m128 x = _mm_loadu_ps(source + p), y = _mm_loadu_ps(source + stride + p);
            __m128 z = _mm_loadu_ps(source + 2 * stride + p), w = _mm_loadu_ps(source + 3 * stride + p);
            _MM_TRANSPOSE4_PS(x, y, z, w);
            float *const target = block + p * rows + r;
            _mm_storeu_ps(target, x);
            _mm_storeu_ps(target + rows, y);
            _mm_storeu_ps(target + 2 * rows, z);
            _mm_storeu_ps(target + 3 * rows, w);
        }
        for (size_t p = even; p < depth; ++p) {
            for (size_t i = 0; i < 4; ++i) block[p * rows + r + i] = source[i * stride + p];
        }
    }
    for (; r < rows; ++r) {
        for (size_t p = 0; p < depth; ++p) block[p * rows + r] = a[r * stride + p];
    }
}

// A packed block of `rows` rows of A against a panel. Where the depth is cut, later parts add to what the earlier ones have stored.
TARGET ALWAYS_INLINE void LEVEL(multiply)(
    const float *block, const float *panel, size_t depth, float *c, size_t c_stride, size_t columns, bool adds,
    const int rows) {
    VECTOR sums[ROWS][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; ++r) sums[r][0] = sums[r][1] = ZERO();
    for (size_t p = 0; p < depth; ++p) {
        const VECTOR low = LOAD(panel + p * PANEL), high = LOAD(panel + p * PANEL + LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; ++r) {
            const VECTOR x = BROADCAST(block + p * (size_t)rows + r);
            sums[r][0] = MULTIPLY_ADD(x, low, sums[r][0]);
            sums[r][1] = MULTIPLY_ADD(x, high, sums[r][1]);
        }
    }
    if (columns == PANEL) {
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; ++r) {
            float *target = c + (size_t)r * c_stride;
            STORE(target, adds ? ADD(LOAD(target), sums[r][0]) : sums[r][0]);
            STORE(target + LANES, adds ? ADD(LOAD(target + LANES), sums[r][1]) : sums[r][1]);
        }
        return;
    }
    float edge[PANEL];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; ++r) {
        STORE(edge, sums[r][0]);
        STORE(edge + LANES, sums[r][1]);
        float *target = c + (size_t)r * c_stride;
        for (size_t j = 0; j < columns; ++j) target[j] = adds ? target[j] + edge[j] : edge[j];
    }
}

// How many rows the block at `left` rows before the end has.
static inline size_t LEVEL(block_rows)(size_t left) { return left >= ROWS ? ROWS : left >= 4 ? 4 : 1; }

TARGET void LEVEL(simile_gemm_tile)(
    const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride, size_t columns, size_t depth, float *c,
    size_t c_stride, float *workspace) {
    float *const panel = workspace, *const blocks = workspace + DEPTH * PANEL;
    for (size_t start = 0; start < depth; start += DEPTH) {
        const size_t part = depth - start < DEPTH ? depth - start : DEPTH;
        const bool adds = start > 0;
        for (size_t first = 0; first < rows; first += PASS_ROWS) {
            const size_t end = rows - first < PASS_ROWS ? rows : first + PASS_ROWS;
            for (size_t i = first; i < end; i += LEVEL(block_rows)(end - i)) {
                LEVEL(pack_block)(
                    a + i * a_stride + start, a_stride, part, blocks + (i - first) * part, LEVEL(block_rows)(end - i));
            }
            for (size_t j = 0; j < columns; j += PANEL) {
                const size_t count = columns - j < PANEL ? columns - j : PANEL;
                LEVEL(pack)(b + j * b_stride + start, b_stride, count, part, panel);
                for (size_t i = first; i < end;) {
                    const float *block = blocks + (i - first) * part;
                    float *target = c + i * c_stride + j;
                    const size_t taken = LEVEL(block_rows)(end - i);
                    if (taken == ROWS) {
                        LEVEL(multiply)(block, panel, part, target, c_stride, count, adds, ROWS);
                    } else if (taken == 4) {
                        LEVEL(multiply)(block, panel, part, target, c_stride, count, adds, 4);
                    } else {
                        LEVEL(multiply)(block, panel, part, target, c_stride, count, adds, 1);
                    }
                    i += taken;
                }
            }
        }
    }
}
