// SPDX-License-Identifier: Apache-2.0
//
// What each level of instructions is to the compiler, in one place: what `simile_has_avx2` and its like ask the processor for. Private to
// this module.

#ifndef SIMILE_TARGETS_H
#define SIMILE_TARGETS_H

#define AVX2 __attribute__((target("avx2,fma,f16c,popcnt")))
/// Without fused multiply-adds, for results that are rounded after the multiply.
#define AVX2_UNFUSED __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define AMX __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
