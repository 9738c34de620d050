// SPDX-License-Identifier: Apache-2.0
//
// Integer filter kernels at AMX int8: a tile of 16 queries times a tile of 16 rows in one instruction. A panel as it lies is such
// a tile, 16 steps at a time; queries are packed for it (`QueryLayout.tiles`). Contracts: `CodeTile` in `SimilarityKernels`.
//
// The configuration of the tiles is a thread's. It is loaded and released within a call, which takes 0.2 us, so no thread
// carries it on, whatever it does next. The process must have asked for permission (`simile_request_tiles`).

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code_row_avx512.h"

#define TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define ALWAYS_INLINE TARGET static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

/// Queries or rows of a tile, and the coordinates that it holds of each.
#define LANES 16
#define RUN 64
/// Panels that stay in L1 while the queries stream past them from L2.
#define PANELS 4

int simile_request_tiles(void) {
    // ARCH_REQ_XCOMP_PERM for XFEATURE_XTILEDATA; the process has it from then on, with all its threads and children.
    return (int)syscall(SYS_arch_prctl, 0x1023L, 18L);
}

/// All eight tiles of 16 rows of 64 bytes.
struct __attribute__((packed)) configuration {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

ALWAYS_INLINE void configure(void) {
    struct configuration c;
    memset(&c, 0, sizeof c);
    c.palette = 1;
    for (int i = 0; i < 8; ++i) {
        c.row_bytes[i] = RUN;
        c.rows[i] = LANES;
    }
    _tile_loadconfig(&c);
}

/// What the test of 32 queries needs: the least sum that survives, without row terms, and what makes a sum a product.
struct limits {
    _Alignas(64) int32_t least[2 * LANES];
    int32_t corrections[2 * LANES];
    float slopes[2 * LANES], tail_slopes[2 * LANES], bases[2 * LANES];
};

/// A pair without row terms survives if its product, an integer of magnitude below 2^24, is not below the base: if the sum is
/// at least the base, rounded up, minus the correction. Queries that fill up a group never survive.
ALWAYS_INLINE void take_limits(const struct simile_code_tile *t, size_t query, struct limits *limits) {
    const size_t count = 4 * t->quad_count;
    UNROLLED for (size_t half = 0; half < 2; ++half) {
        const size_t first = query + LANES * half;
        const size_t here = first >= count ? 0 : count - first >= LANES ? LANES : count - first;
        const __mmask16 mask = (__mmask16)((1u << here) - 1);
        const __m512i corrections = _mm512_maskz_loadu_epi32(mask, t->corrections + first);
        const __m512 bases = _mm512_mask_loadu_ps(_mm512_set1_ps(__builtin_inff()), mask, t->bases + first);
        const __m512 up = _mm512_roundscale_ps(bases, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
        // The second operand where the first is a NaN, of which everything survives.
        const __m512 in_range = _mm512_min_ps(_mm512_max_ps(up, _mm512_set1_ps(-0x1p24f)), _mm512_set1_ps(0x1p24f));
        const __m512i least = _mm512_sub_epi32(_mm512_cvtps_epi32(in_range), corrections);
        _mm512_store_si512(limits->least + LANES * half, _mm512_mask_mov_epi32(_mm512_set1_epi32(INT32_MAX), mask, least));
        _mm512_storeu_si512(limits->corrections + LANES * half, corrections);
        _mm512_storeu_ps(limits->bases + LANES * half, bases);
        if (t->has_row_terms) {
            _mm512_storeu_ps(limits->slopes + LANES * half, _mm512_maskz_loadu_ps(mask, t->slopes + first));
            _mm512_storeu_ps(limits->tail_slopes + LANES * half, _mm512_maskz_loadu_ps(mask, t->tail_slopes + first));
        }
    }
}

/// Sums of 32 queries and 32 rows: four tiles, of the queries 0 ... 15 and 16 ... 31 and the rows 0 ... 15 and 16 ... 31.
struct sums {
    _Alignas(64) int32_t of[2][2][LANES][LANES];
};

/// Products of 32 queries and 32 rows into the tiles 0 ... 3. What they hold before goes to `previous`: a store waits for the
/// products of its tile alone, so three of four are done beside the next products.
ALWAYS_INLINE void multiply(
    const int8_t *q0, const int8_t *q1, const uint8_t *x0, const uint8_t *x1, const uint8_t *rest0, const uint8_t *rest1,
    size_t steps, struct sums *previous) {
    const size_t step = LANES * RUN;
    _tile_stored(0, previous->of[0][0], RUN);
    _tile_zero(0);
    _tile_stored(1, previous->of[1][0], RUN);
    _tile_zero(1);
    _tile_stored(2, previous->of[0][1], RUN);
    _tile_zero(2);
    _tile_stored(3, previous->of[1][1], RUN);
    _tile_zero(3);
    for (size_t k = 0; k < steps; ++k) {
        _tile_loadd(4, q0 + step * k, RUN);
        _tile_loadd(6, x0 + step * k, RUN);
        _tile_dpbsud(0, 4, 6);
        _tile_loadd(5, q1 + step * k, RUN);
        _tile_dpbsud(1, 5, 6);
        _tile_loadd(7, x1 + step * k, RUN);
        _tile_dpbsud(2, 4, 7);
        _tile_dpbsud(3, 5, 7);
    }
    if (rest0) {
        _tile_loadd(4, q0 + step * steps, RUN);
        _tile_loadd(6, rest0, RUN);
        _tile_dpbsud(0, 4, 6);
        _tile_loadd(5, q1 + step * steps, RUN);
        _tile_dpbsud(1, 5, 6);
        _tile_loadd(7, rest1, RUN);
        _tile_dpbsud(2, 4, 7);
        _tile_dpbsud(3, 5, 7);
    }
}

/// Which of 16 rows survive for one query, a bit each.
ALWAYS_INLINE __mmask16 sums_that_survive(
    const struct limits *l, size_t query, const int32_t *sums, __m512 offsets, __m512 tails, bool has_row_terms) {
    const __m512i s = _mm512_load_si512(sums);
    if (!has_row_terms) return _mm512_cmpge_epi32_mask(s, _mm512_set1_epi32(l->least[query]));
    const __m512 products = _mm512_cvtepi32_ps(_mm512_add_epi32(s, _mm512_set1_epi32(l->corrections[query])));
    __m512 bound = _mm512_fmadd_ps(_mm512_set1_ps(l->slopes[query]), offsets, _mm512_set1_ps(l->bases[query]));
    bound = _mm512_fmadd_ps(_mm512_set1_ps(l->tail_slopes[query]), tails, bound);
    return _mm512_cmp_ps_mask(products, bound, _CMP_NLT_UQ);
}

/// Writes the survivors among 16 queries and 16 rows.
TARGET __attribute__((noinline)) static size_t write_tile(
    const struct simile_code_tile *t, const struct limits *l, size_t lane, const int32_t (*sums)[LANES], size_t query,
    size_t row, struct simile_survivor *survivors) {
    const __m512 offsets = t->has_row_terms ? _mm512_loadu_ps(t->offsets + row) : _mm512_setzero_ps();
    const __m512 tails = t->has_row_terms ? _mm512_loadu_ps(t->tails + row) : _mm512_setzero_ps();
    const size_t left = 4 * t->quad_count - query;
    size_t found = 0;
    for (size_t i = 0; i < LANES && i < left; ++i) {
        unsigned mask = sums_that_survive(l, lane + i, sums[i], offsets, tails, t->has_row_terms);
        for (; mask; mask &= mask - 1, ++found) {
            const unsigned j = (unsigned)__builtin_ctz(mask);
            survivors[found].query = (uint16_t)(query + i);
            survivors[found].row = (uint16_t)(row + j);
            survivors[found].product = sums[i][j] + l->corrections[lane + i];
        }
    }
    return found;
}

/// Tests 32 queries from `query` on against the panels `panel` and, if `panels` is 2, the next.
ALWAYS_INLINE size_t test(
    const struct simile_code_tile *t, const struct limits *l, const struct sums *sums, size_t query, size_t panel,
    size_t panels, struct simile_survivor *survivors) {
    size_t found = 0;
    const size_t row = LANES * panel, next = panels == 2 ? row + LANES : row;
    __m512 offsets[2], tails[2];
    if (t->has_row_terms) {
        offsets[0] = _mm512_loadu_ps(t->offsets + row);
        offsets[1] = _mm512_loadu_ps(t->offsets + next);
        tails[0] = _mm512_loadu_ps(t->tails + row);
        tails[1] = _mm512_loadu_ps(t->tails + next);
    }
    for (size_t half = 0; half < 2 && query + LANES * half < 4 * t->quad_count; ++half) {
        unsigned any = 0;
        if (t->has_row_terms) {
            UNROLLED for (size_t i = 0; i < LANES; ++i)
                UNROLLED for (size_t p = 0; p < 2; ++p)
                    any |= sums_that_survive(l, LANES * half + i, sums->of[half][p][i], offsets[p], tails[p], true);
        } else {
            UNROLLED for (size_t i = 0; i < LANES; ++i) {
                const __m512i s = _mm512_max_epi32(
                    _mm512_load_si512(sums->of[half][0][i]), _mm512_load_si512(sums->of[half][1][i]));
                any |= _mm512_cmpge_epi32_mask(s, _mm512_set1_epi32(l->least[LANES * half + i]));
            }
        }
        if (__builtin_expect(any == 0, 1)) continue;
        for (size_t p = 0; p < panels; ++p)
            found += write_tile(
                t, l, LANES * half, sums->of[half][p], query + LANES * half, LANES * (panel + p), survivors + found);
    }
    return found;
}

/// What is left of the steps of a panel after whole tiles, filled up with zeros.
struct rest {
    _Alignas(64) uint8_t of[PANELS][LANES * RUN];
};

/// All queries against `panels` panels. The sums of two panels are tested when the next products are under way.
TARGET static size_t scan_panels(
    const struct simile_code_tile *t, size_t panel, size_t panels, struct rest *rest, struct simile_survivor *survivors) {
    const size_t depth = t->depth, steps = depth / RUN, room = LANES * depth;
    const size_t group = LANES * ((depth + RUN - 1) / RUN * RUN);
    const size_t groups = (4 * t->quad_count + LANES - 1) / LANES;
    const uint8_t *x = t->panels + panel * room;
    if (depth % RUN != 0)
        for (size_t p = 0; p < panels; ++p) memcpy(rest->of[p], x + p * room + LANES * RUN * steps, LANES * (depth % RUN));
    struct sums sums;
    struct limits limits[2];
    size_t found = 0, tested_query = 0, tested_panel = 0, tested_panels = 0;
    int turn = 0, tested_turn = 0;
    for (size_t g = 0; g < groups; g += 2) {
        const int8_t *q0 = t->queries + g * group, *q1 = g + 1 < groups ? q0 + group : q0;
        take_limits(t, LANES * g, &limits[turn]);
        for (size_t p = 0; p < panels; p += 2) {
            const size_t next = p + 1 < panels ? p + 1 : p;
            multiply(
                q0, q1, x + p * room, x + next * room, depth % RUN ? rest->of[p] : NULL,
                depth % RUN ? rest->of[next] : NULL, steps, &sums);
            if (tested_panels)
                found += test(
                    t, &limits[tested_turn], &sums, tested_query, tested_panel, tested_panels, survivors + found);
            tested_query = LANES * g;
            tested_panel = panel + p;
            tested_panels = next == p ? 1 : 2;
            tested_turn = turn;
        }
        turn ^= 1;
    }
    _tile_stored(0, sums.of[0][0], RUN);
    _tile_stored(1, sums.of[1][0], RUN);
    _tile_stored(2, sums.of[0][1], RUN);
    _tile_stored(3, sums.of[1][1], RUN);
    if (tested_panels)
        found += test(t, &limits[tested_turn], &sums, tested_query, tested_panel, tested_panels, survivors + found);
    return found;
}

TARGET size_t simile_code_tile_amx(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    struct rest rest;
    if (t->depth % RUN != 0) memset(&rest, 0, sizeof rest);
    const size_t room = 64 * t->quad_count;
    size_t found = 0;
    configure();
    while (*panel < t->panel_count) {
        size_t panels = t->panel_count - *panel < PANELS ? t->panel_count - *panel : PANELS;
        if (panels * room > capacity) panels = 1;
        if (found + panels * room > capacity) break;
        found += scan_panels(t, *panel, panels, &rest, survivors + found);
        *panel += panels;
    }
    _tile_release();
    return found;
}

TARGET size_t simile_code_row_amx(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    return code_row(t, panel, survivors, capacity, LANES, RUN);
}

#endif
