// SPDX-License-Identifier: Apache-2.0

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <cpuid.h>

bool simile_has_avx2(void) {
    // The builtin reads the processor once per process and also checks that the operating system saves the wide
    // registers.
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")
        && __builtin_cpu_supports("popcnt");
}

bool simile_has_avx512(void) {
    return simile_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vnni");
}

bool simile_has_amx(void) {
    // AMX_TILE and AMX_INT8 are bits 24 and 25 of EDX of leaf 7; bits 17 and 18 of XCR0 say that the operating system saves
    // the tiles. XCR0 may be read because AVX-512 would not be there without it.
    unsigned eax, ebx, ecx, edx;
    if (!simile_has_avx512() || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
    if ((edx >> 24 & 3) != 3) return false;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low >> 17 & 3) == 3;
}

#endif
