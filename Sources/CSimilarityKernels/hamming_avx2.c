// SPDX-License-Identifier: Apache-2.0
//
// Distances of packed bits at AVX2: counts of half bytes by a table in a register (Mula, Kurz and Lemire, "Faster population counts using AVX2
// instructions", arXiv:1611.07612).

#include "CSimilarityKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "targets.h"

AVX2 void simile_hamming_avx2(
    const uint8_t *query, const uint8_t *rows, size_t width, size_t count, uint32_t *distances) {
    const __m256i table = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15);
    for (size_t r = 0; r < count; ++r) {
        const uint8_t *row = rows + r * width;
        __m256i sums = _mm256_setzero_si256();
        size_t i = 0;
        for (; i + 32 <= width; i += 32) {
            const __m256i bits = _mm256_xor_si256(
                _mm256_loadu_si256((const __m256i *)(query + i)), _mm256_loadu_si256((const __m256i *)(row + i)));
            const __m256i counts = _mm256_add_epi8(
                _mm256_shuffle_epi8(table, _mm256_and_si256(bits, low)),
                _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
        }
        uint64_t parts[4];
        _mm256_storeu_si256((__m256i *)parts, sums);
        uint64_t distance = parts[0] + parts[1] + parts[2] + parts[3];
        for (; i + 8 <= width; i += 8) {
            uint64_t a, b;
            memcpy(&a, query + i, 8);
            memcpy(&b, row + i, 8);
            distance += (uint64_t)__builtin_popcountll(a ^ b);
        }
        for (; i < width; ++i) distance += (uint64_t)__builtin_popcount(query[i] ^ row[i]);
        distances[r] = (uint32_t)distance;
    }
}

#endif
