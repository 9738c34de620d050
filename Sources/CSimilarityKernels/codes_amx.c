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
#include "targets.h"

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

AMX ALWAYS_INLINE void configure(void) {
    struct configuration c;
    memset(&c, 0, sizeof c);
    c.palette = 1;
    for (int i = 0; i < 8; ++i) {
        c.row_bytes[i] = RUN;
        c.rows[i] = LANES;
    }
    _tile_loadconfig(&c);
}

/// What the test of 32 queries needs: of each the least sum that may survive, and what makes a sum a product.
struct limits {
    _Alignas(64) int32_t least[2 * LANES];
    int32_t corrections[2 * LANES];
    float slopes[2 * LANES], tail_slopes[2 * LANES], bases[2 * LANES], floor_slopes[2 * LANES], floor_bases[2 * LANES];
    /// Which of them there are.
    __mmask16 masks[2];
};

/// The least and the largest of the row terms of two panels.
struct extremes {
    float least_offset, largest_offset, least_tail, largest_tail, least_floor;
};

/// A product, an integer of magnitude below 2^24, is not below a bound if the sum is at least the bound, rounded up, minus the
/// correction. Everything survives a bound that is a NaN: `max` gives its second operand then.
AMX ALWAYS_INLINE __m512i least_sums(__m512 bounds, __m512i corrections, __mmask16 mask) {
    const __m512 up = _mm512_roundscale_ps(bounds, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
    const __m512 in_range = _mm512_min_ps(_mm512_max_ps(up, _mm512_set1_ps(-0x1p24f)), _mm512_set1_ps(0x1p24f));
    return _mm512_mask_sub_epi32(_mm512_set1_epi32(INT32_MAX), mask, _mm512_cvtps_epi32(in_range), corrections);
}

/// Takes the limits of 32 queries. Those that fill up a group never survive.
AMX ALWAYS_INLINE void take_limits(const struct simile_code_tile *t, size_t query, struct limits *limits) {
    const size_t count = 4 * t->quad_count;
    UNROLLED for (size_t half = 0; half < 2; ++half) {
        const size_t first = query + LANES * half;
        const size_t here = first >= count ? 0 : count - first >= LANES ? LANES : count - first;
        const __mmask16 mask = (__mmask16)((1u << here) - 1);
        const __m512i corrections = _mm512_maskz_loadu_epi32(mask, t->corrections + first);
        const __m512 bases = _mm512_mask_loadu_ps(_mm512_set1_ps(__builtin_inff()), mask, t->bases + first);
        _mm512_store_si512(limits->least + LANES * half, least_sums(bases, corrections, mask));
        limits->masks[half] = mask;
        _mm512_storeu_si512(limits->corrections + LANES * half, corrections);
        _mm512_storeu_ps(limits->bases + LANES * half, bases);
        if (t->has_row_terms || t->row_floors) {
            _mm512_storeu_ps(limits->slopes + LANES * half, _mm512_maskz_loadu_ps(mask, t->slopes + first));
            _mm512_storeu_ps(limits->tail_slopes + LANES * half, _mm512_maskz_loadu_ps(mask, t->tail_slopes + first));
        }
        if (t->row_floors) {
            _mm512_storeu_ps(limits->floor_slopes + LANES * half, _mm512_maskz_loadu_ps(mask, t->floor_slopes + first));
            _mm512_storeu_ps(limits->floor_bases + LANES * half, _mm512_maskz_loadu_ps(mask, t->floor_bases + first));
        }
    }
}

/// Makes the least sums for two panels with row terms or floors: of no row is the bound lower, because each term is rounded as it is
/// for that row, and rounding keeps order.
AMX ALWAYS_INLINE void lower_limits(struct limits *limits, const struct extremes *e, bool has_floors) {
    UNROLLED for (size_t half = 0; half < 2; ++half) {
        const __m512 slopes = _mm512_loadu_ps(limits->slopes + LANES * half);
        const __m512 tail_slopes = _mm512_loadu_ps(limits->tail_slopes + LANES * half);
        const __m512 offsets = _mm512_mask_blend_ps(
            _mm512_movepi32_mask(_mm512_castps_si512(slopes)), _mm512_set1_ps(e->least_offset),
            _mm512_set1_ps(e->largest_offset));
        const __m512 tails = _mm512_mask_blend_ps(
            _mm512_movepi32_mask(_mm512_castps_si512(tail_slopes)), _mm512_set1_ps(e->least_tail),
            _mm512_set1_ps(e->largest_tail));
        __m512 bounds = _mm512_fmadd_ps(slopes, offsets, _mm512_loadu_ps(limits->bases + LANES * half));
        if (has_floors) {
            // The slopes are not negative, so the least floor gives the least bound; a NaN comes out as one.
            const __m512 floors = _mm512_set1_ps(e->least_floor);
            bounds = _mm512_min_ps(
                bounds, _mm512_fmadd_ps(
                            _mm512_loadu_ps(limits->floor_slopes + LANES * half), floors,
                            _mm512_loadu_ps(limits->floor_bases + LANES * half)));
        }
        bounds = _mm512_fmadd_ps(tail_slopes, tails, bounds);
        const __m512i corrections = _mm512_loadu_si512(limits->corrections + LANES * half);
        _mm512_store_si512(limits->least + LANES * half, least_sums(bounds, corrections, limits->masks[half]));
    }
}

/// Sums of 32 queries and 32 rows: four tiles, of the queries 0 ... 15 and 16 ... 31 and the rows 0 ... 15 and 16 ... 31.
struct sums {
    _Alignas(64) int32_t of[2][2][LANES][LANES];
};

/// Products of 32 queries and 32 rows into the tiles 0 ... 3. What they hold before goes to `previous`, each tile when it is
/// needed: a store waits for the products of its tile alone.
AMX ALWAYS_INLINE void multiply(
    const int8_t *q0, const int8_t *q1, const uint8_t *x0, const uint8_t *x1, const uint8_t *rest0, const uint8_t *rest1,
    size_t steps, struct sums *previous) {
    const size_t step = LANES * RUN;
    _tile_loadd(4, q0, RUN);
    _tile_loadd(6, steps ? x0 : rest0, RUN);
    _tile_stored(0, previous->of[0][0], RUN);
    _tile_zero(0);
    _tile_dpbsud(0, 4, 6);
    _tile_loadd(5, q1, RUN);
    _tile_stored(1, previous->of[1][0], RUN);
    _tile_zero(1);
    _tile_dpbsud(1, 5, 6);
    _tile_loadd(7, steps ? x1 : rest1, RUN);
    _tile_stored(2, previous->of[0][1], RUN);
    _tile_zero(2);
    _tile_dpbsud(2, 4, 7);
    _tile_stored(3, previous->of[1][1], RUN);
    _tile_zero(3);
    _tile_dpbsud(3, 5, 7);
    if (!steps) return;
    for (size_t k = 1; k < steps; ++k) {
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

/// Which of two times 16 sums of one query may survive: those of the larger of each two.
AMX ALWAYS_INLINE __mmask16 may_survive(const struct limits *l, const struct sums *sums, size_t half, size_t i) {
    const __m512i s = _mm512_max_epi32(_mm512_load_si512(sums->of[half][0][i]), _mm512_load_si512(sums->of[half][1][i]));
    return _mm512_cmpge_epi32_mask(s, _mm512_set1_epi32(l->least[LANES * half + i]));
}

/// Writes the survivors among 16 queries and `panels` panels.
AMX __attribute__((noinline)) static size_t write_tile(
    const struct simile_code_tile *t, const struct limits *l, const struct sums *sums, size_t half, size_t query,
    size_t panel, size_t panels, struct simile_survivor *survivors) {
    const size_t row = LANES * panel;
    size_t found = 0;
    for (size_t i = 0; i < LANES; ++i) {
        if (!may_survive(l, sums, half, i)) continue;
        const size_t lane = LANES * half + i;
        const __m512i correction = _mm512_set1_epi32(l->corrections[lane]);
        for (size_t p = 0; p < panels; ++p) {
            const __m512i products = _mm512_add_epi32(_mm512_load_si512(sums->of[half][p][i]), correction);
            __m512 bound = _mm512_set1_ps(l->bases[lane]);
            if (t->has_row_terms) {
                const __m512 offsets = _mm512_loadu_ps(t->offsets + row + LANES * p);
                bound = _mm512_fmadd_ps(_mm512_set1_ps(l->slopes[lane]), offsets, bound);
            }
            if (t->row_floors) {
                const __m512 floors = _mm512_loadu_ps(t->row_floors + row + LANES * p);
                bound = _mm512_min_ps(
                    bound, _mm512_fmadd_ps(
                               _mm512_set1_ps(l->floor_slopes[lane]), floors, _mm512_set1_ps(l->floor_bases[lane])));
            }
            if (t->has_row_terms) {
                const __m512 tails = _mm512_loadu_ps(t->tails + row + LANES * p);
                bound = _mm512_fmadd_ps(_mm512_set1_ps(l->tail_slopes[lane]), tails, bound);
            }
            const __mmask16 mask = _mm512_cmp_ps_mask(_mm512_cvtepi32_ps(products), bound, _CMP_NLT_UQ);
            if (mask)
                found += write_survivors(
                    products, mask, (uint32_t)(query + i), (uint32_t)(row + LANES * p), survivors + found);
        }
    }
    return found;
}

/// Tests 32 queries from `query` on against the panels `panel` and, if `panels` is 2, the next.
AMX ALWAYS_INLINE size_t test(
    const struct simile_code_tile *t, const struct limits *l, const struct sums *sums, size_t query, size_t panel,
    size_t panels, struct simile_survivor *survivors) {
    size_t found = 0;
    UNROLLED for (size_t half = 0; half < 2; ++half) {
        unsigned any = 0;
        UNROLLED for (size_t i = 0; i < LANES; ++i) any |= may_survive(l, sums, half, i);
        if (__builtin_expect(any != 0, 0))
            found += write_tile(t, l, sums, half, query + LANES * half, panel, panels, survivors + found);
    }
    return found;
}

/// What is left of the steps of a panel after whole tiles, filled up with zeros.
struct rest {
    _Alignas(64) uint8_t of[PANELS][LANES * RUN];
};

/// What the row terms of a panel and, if there are more, the next lie between.
AMX ALWAYS_INLINE void take_extremes(const struct simile_code_tile *t, size_t panel, size_t panels, struct extremes *e) {
    const size_t row = LANES * panel, next = panels > 1 ? row + LANES : row;
    const __m512 o0 = _mm512_loadu_ps(t->offsets + row), o1 = _mm512_loadu_ps(t->offsets + next);
    const __m512 t0 = _mm512_loadu_ps(t->tails + row), t1 = _mm512_loadu_ps(t->tails + next);
    e->least_offset = _mm512_reduce_min_ps(_mm512_min_ps(o0, o1));
    e->largest_offset = _mm512_reduce_max_ps(_mm512_max_ps(o0, o1));
    e->least_tail = _mm512_reduce_min_ps(_mm512_min_ps(t0, t1));
    e->largest_tail = _mm512_reduce_max_ps(_mm512_max_ps(t0, t1));
    e->least_floor = 0;
    if (t->row_floors)
        e->least_floor =
            _mm512_reduce_min_ps(_mm512_min_ps(_mm512_loadu_ps(t->row_floors + row), _mm512_loadu_ps(t->row_floors + next)));
}

/// All queries against `panels` panels. The sums of two panels are tested when the next products are under way.
AMX static size_t scan_panels(
    const struct simile_code_tile *t, size_t panel, size_t panels, struct rest *rest, struct simile_survivor *survivors) {
    const size_t depth = t->depth, steps = depth / RUN, room = LANES * depth;
    const size_t group = LANES * ((depth + RUN - 1) / RUN * RUN);
    const size_t groups = (4 * t->quad_count + LANES - 1) / LANES;
    const uint8_t *x = t->panels + panel * room;
    if (depth % RUN != 0)
        for (size_t p = 0; p < panels; ++p) memcpy(rest->of[p], x + p * room + LANES * RUN * steps, LANES * (depth % RUN));
    struct sums sums;
    struct extremes extremes[PANELS / 2];
    const bool are_lowered = t->has_row_terms || t->row_floors;
    if (are_lowered)
        for (size_t p = 0; p < panels; p += 2) take_extremes(t, panel + p, panels - p, &extremes[p / 2]);
    struct limits limits[2];
    size_t found = 0, tested_query = 0, tested_panel = 0, tested_panels = 0;
    int turn = 0, tested_turn = 0;
    const uint8_t *ahead = x + panels * room;
    const size_t share = panels * room / ((groups + 1) / 2 * ((panels + 1) / 2));
    for (size_t g = 0; g < groups; g += 2) {
        const int8_t *q0 = t->queries + g * group, *q1 = g + 1 < groups ? q0 + group : q0;
        take_limits(t, LANES * g, &limits[turn]);
        for (size_t p = 0; p < panels; p += 2) {
            const size_t next = p + 1 < panels ? p + 1 : p;
            // The panels of the next call of this function, a part of them each time.
            for (size_t at = 0; at < share; at += 64, ahead += 64) _mm_prefetch((const char *)ahead, _MM_HINT_T1);
            multiply(
                q0, q1, x + p * room, x + next * room, depth % RUN ? rest->of[p] : NULL,
                depth % RUN ? rest->of[next] : NULL, steps, &sums);
            if (tested_panels) {
                if (are_lowered)
                    lower_limits(
                        &limits[tested_turn], &extremes[(tested_panel - panel) / 2], t->row_floors != NULL);
                found += test(
                    t, &limits[tested_turn], &sums, tested_query, tested_panel, tested_panels, survivors + found);
            }
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
    if (are_lowered)
        lower_limits(&limits[tested_turn], &extremes[(tested_panel - panel) / 2], t->row_floors != NULL);
    if (tested_panels)
        found += test(t, &limits[tested_turn], &sums, tested_query, tested_panel, tested_panels, survivors + found);
    return found;
}

AMX size_t simile_code_tile_amx(
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

AMX size_t simile_code_row_amx(
    const struct simile_code_tile *t, size_t *panel, struct simile_survivor *survivors, size_t capacity) {
    return code_row(t, panel, survivors, capacity, LANES, RUN);
}

#endif
