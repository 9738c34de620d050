// SPDX-License-Identifier: Apache-2.0
//
// The functions of a transformer, element by element, once for each instruction set: the file that includes this one defines
//
//   LEVEL(name)      the name of a function at the level
//   TARGET           the attribute that names the instruction set
//   VECTOR, LANES    a register of floats and how many it holds
//   SET, LOAD, STORE, ADD, SUBTRACT, MULTIPLY, DIVIDE, MULTIPLY_ADD
//   AT_LEAST(a, x), AT_MOST(a, x)   the larger or smaller of both, x if x is a NaN
//   POWER(shifted)   2^n, where n stands in the low bits of `shifted`
//
// The approximations are those of SIMD4<Float>: see there for their sources and bounds, which multiply-adds that round once do not exceed.

// erf
TARGET ALWAYS_INLINE VECTOR LEVEL(error_function)(VECTOR x) {
    const VECTOR z = AT_MOST(SET(4), AT_LEAST(SET(-4), x)), u = MULTIPLY(z, z);
    VECTOR p = MULTIPLY_ADD(u, SET(1.97481927e-6f), SET(2.88041861e-4f));
    p = MULTIPLY_ADD(p, u, SET(4.00368031e-3f));
    p = MULTIPLY_ADD(p, u, SET(5.34675866e-2f));
    p = MULTIPLY_ADD(p, u, SET(1.96249843e-1f));
    p = MULTIPLY_ADD(p, u, SET(1.12837899f));
    VECTOR q = MULTIPLY_ADD(u, SET(3.74807714e-5f), SET(1.21636759e-3f));
    q = MULTIPLY_ADD(q, u, SET(1.5444492e-2f));
    q = MULTIPLY_ADD(q, u, SET(1.16476774e-1f));
    q = MULTIPLY_ADD(q, u, SET(5.0725305e-1f));
    q = MULTIPLY_ADD(q, u, SET(1));
    return MULTIPLY(z, DIVIDE(p, q));
}

// e^x for x of at most 88
TARGET ALWAYS_INLINE VECTOR LEVEL(exponential)(VECTOR value) {
    const VECTOR x = AT_LEAST(SET(-87), value);
    const VECTOR shifted = MULTIPLY_ADD(x, SET(1.44269504f), SET(12582912));
    const VECTOR n = SUBTRACT(shifted, SET(12582912));
    const VECTOR r = MULTIPLY_ADD(n, SET(2.1219444e-4f), MULTIPLY_ADD(n, SET(-0.693359375f), x));
    VECTOR p = MULTIPLY_ADD(r, SET(1.98756915e-4f), SET(1.39819995e-3f));
    p = MULTIPLY_ADD(p, r, SET(8.3334519e-3f));
    p = MULTIPLY_ADD(p, r, SET(4.1665796e-2f));
    p = MULTIPLY_ADD(p, r, SET(1.66666655e-1f));
    p = MULTIPLY_ADD(p, r, SET(5.0000001e-1f));
    p = ADD(MULTIPLY_ADD(p, MULTIPLY(r, r), r), SET(1));
    return MULTIPLY(p, POWER(shifted));
}

TARGET void LEVEL(simile_gelu)(float *values, const float *bias, size_t count) {
    float tail[LANES] = {0};
    for (size_t i = 0; i < count; i += LANES) {
        const size_t left = count - i < LANES ? count - i : LANES;
        VECTOR x;
        if (left == LANES) {
            x = ADD(LOAD(values + i), LOAD(bias + i));
        } else {
            for (size_t j = 0; j < left; ++j) tail[j] = values[i + j] + bias[i + j];
            x = LOAD(tail);
        }
        const VECTOR half = MULTIPLY(x, SET(0.5f));
        const VECTOR y = MULTIPLY_ADD(half, LEVEL(error_function)(MULTIPLY(x, SET(0.70710678f))), half);
        if (left == LANES) {
            STORE(values + i, y);
        } else {
            STORE(tail, y);
            for (size_t j = 0; j < left; ++j) values[i + j] = tail[j];
        }
    }
}

TARGET void LEVEL(simile_softmax)(float *row, size_t count, float scale) {
    float lanes[LANES];
    const size_t whole = count / LANES * LANES;
    VECTOR largest = SET(-__builtin_inff());
    for (size_t i = 0; i < whole; i += LANES) largest = AT_LEAST(LOAD(row + i), largest);
    STORE(lanes, largest);
    float maximum = -__builtin_inff();
    for (size_t j = 0; j < LANES; ++j) maximum = lanes[j] > maximum ? lanes[j] : maximum;
    for (size_t i = whole; i < count; ++i) maximum = row[i] > maximum ? row[i] : maximum;
    VECTOR sums = SET(0);
    for (size_t i = 0; i < whole; i += LANES) {
        const VECTOR e = LEVEL(exponential)(MULTIPLY(SUBTRACT(LOAD(row + i), SET(maximum)), SET(scale)));
        STORE(row + i, e);
        sums = ADD(sums, e);
    }
    STORE(lanes, sums);
    float sum = 0;
    for (size_t j = 0; j < LANES; ++j) sum += lanes[j];
    if (whole < count) {
        for (size_t j = 0; j < LANES; ++j) lanes[j] = whole + j < count ? (row[whole + j] - maximum) * scale : 0;
        STORE(lanes, LEVEL(exponential)(LOAD(lanes)));
        for (size_t i = whole; i < count; ++i) sum += row[i] = lanes[i - whole];
    }
    const float factor = 1 / sum;
    for (size_t i = 0; i < count; ++i) row[i] *= factor;
}
