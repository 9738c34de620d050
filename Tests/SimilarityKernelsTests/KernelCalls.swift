// SPDX-License-Identifier: Apache-2.0
//
// Kernel calls on arrays, each with canaries around every buffer: the only unsafe code of this test target. A call fails
// the running test if a margin has changed; NaN margins on the read side poison a result that took in a term too many.

import CSimilarityKernels
import SimilarityKernels
import Testing
import VectorTestSupport

/// Depths around every vector width there is, and the depth of a real model.
let sweptDepths = [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 384]

/// Row-major rows with `stride - depth` NaN between them, so that a kernel that ignores the leading dimension is seen.
func strided(_ rows: [[Float]], stride: Int) -> [Float] {
    let padded = rows.map { $0 + Array(repeating: .nan, count: stride - $0.count) }
    // The last row ends with its last component: nothing beyond is readable.
    return Array(padded.joined().dropLast(rows.isEmpty ? 0 : stride - (rows.last?.count ?? 0)))
}

enum KernelCalls {
    static func dot(_ level: KernelLevel, _ a: [Float], _ b: [Float], shift: Int = 0) -> Double {
        let (x, y) = (CanaryBuffer(reading: a, shift: shift), CanaryBuffer(reading: b, shift: shift + 1))
        return unsafe Verdict.dot(level, x.base, y.base, depth: a.count)
    }

    static func squaredDistance(_ level: KernelLevel, _ a: [Float], _ b: [Float], shift: Int = 0) -> Double {
        let (x, y) = (CanaryBuffer(reading: a, shift: shift), CanaryBuffer(reading: b, shift: shift + 1))
        return unsafe Verdict.squaredDistance(level, x.base, y.base, depth: a.count)
    }

    static func squaredNorms(
        _ level: KernelLevel,
        _ rows: [[Float]],
        depth: Int,
        stride: Int,
        shift: Int = 0
    ) -> [Double] {
        let input = CanaryBuffer(reading: strided(rows, stride: stride), shift: shift)
        let output = CanaryBuffer<Double>(writing: rows.count, shift: shift)
        unsafe Verdict.squaredNorms(
            level,
            rows: input.base,
            stride: stride,
            count: rows.count,
            depth: depth,
            into: output.base
        )
        #expect(output.isIntact, "squaredNorms \(level) wrote outside: \(rows.count) x \(depth)")
        return output.values
    }

    static func dotRows(
        _ level: KernelLevel,
        query: [Float],
        rows: [[Float]],
        stride: Int,
        shift: Int = 0
    ) -> [Float] {
        let q = CanaryBuffer(reading: query, shift: shift)
        let input = CanaryBuffer(reading: strided(rows, stride: stride), shift: shift + 2)
        let output = CanaryBuffer<Float>(writing: rows.count, shift: shift)
        unsafe DotRows.score(
            level,
            query: q.base,
            rows: input.base,
            stride: stride,
            count: rows.count,
            depth: query.count,
            into: output.base
        )
        #expect(output.isIntact, "DotRows \(level) wrote outside: \(rows.count) x \(query.count)")
        return output.values
    }

    static func dotRowsWithNorms(
        _ level: KernelLevel,
        query: [Float],
        rows: [[Float]],
        stride: Int,
        shift: Int = 0
    ) -> (scores: [Float], norms: [Double]) {
        let q = CanaryBuffer(reading: query, shift: shift)
        let input = CanaryBuffer(reading: strided(rows, stride: stride), shift: shift + 2)
        let output = CanaryBuffer<Float>(writing: rows.count, shift: shift)
        let sums = CanaryBuffer<Double>(writing: rows.count, shift: shift)
        unsafe DotRows.scoreWithNorms(
            level,
            query: q.base,
            rows: input.base,
            stride: stride,
            count: rows.count,
            depth: query.count,
            into: output.base,
            squaredNorms: sums.base
        )
        #expect(
            output.isIntact && sums.isIntact,
            "scoreWithNorms \(level) wrote outside: \(rows.count) x \(query.count)"
        )
        return (output.values, sums.values)
    }

    /// C = A * B^T with every leading dimension `slack` elements longer than it must be.
    static func gemm(
        _ provider: GEMM.Provider,
        _ a: [[Float]],
        _ b: [[Float]],
        depth: Int,
        slack: Int = 0,
        shift: Int = 0
    ) -> [[Float]] {
        let (stride, cStride) = (max(depth, 1) + slack, max(b.count, 1) + slack)
        let left = CanaryBuffer(reading: strided(a, stride: stride), shift: shift)
        let right = CanaryBuffer(reading: strided(b, stride: stride), shift: shift + 1)
        let output = CanaryBuffer<Float>(writing: a.count * cStride, shift: shift + 3)
        unsafe GEMM.multiplyTransposed(
            provider,
            a: left.base,
            aStride: stride,
            rows: a.count,
            b: right.base,
            bStride: stride,
            columns: b.count,
            depth: depth,
            c: output.base,
            cStride: cStride
        )
        #expect(
            output.isIntact(outside: { $0 % cStride >= b.count }),
            "GEMM \(provider) wrote outside: \(a.count) x \(b.count) x \(depth), slack \(slack)"
        )
        let values = output.values
        return a.indices.map { i in Array(values[i * cStride..<i * cStride + b.count]) }
    }

    static func scan(
        _ level: KernelLevel,
        scores: [Float],
        norms: [Float],
        offsets: [Float],
        slope: Float,
        base: Float,
        shift: Int = 0
    ) -> [Int] {
        let s = CanaryBuffer(reading: scores, shift: shift)
        let n = CanaryBuffer(reading: norms, shift: shift + 1)
        let o = CanaryBuffer(reading: offsets, shift: shift + 2)
        let output = CanaryBuffer<Int32>(writing: scores.count, shift: shift)
        let found = unsafe ThresholdScan.survivors(
            level,
            scores: s.base,
            norms: n.base,
            offsets: o.base,
            slope: slope,
            base: base,
            count: scores.count,
            into: output.base
        )
        #expect(output.isIntact(outside: { $0 >= found }), "scan \(level) wrote outside its \(found) survivors")
        return output.values.prefix(found).map { Int($0) }
    }

    static func halves(_ level: KernelLevel, _ values: [UInt16], shift: Int = 0) -> [Float] {
        let input = CanaryBuffer(values, canary: 0x7E01, shift: shift) { $0 == 0x7E01 }
        let output = CanaryBuffer<Float>(writing: values.count, shift: shift)
        unsafe ElementConversion.convert(level, .float16, from: input.base, count: values.count, into: output.base)
        #expect(output.isIntact, "halves \(level) wrote outside: \(values.count)")
        return output.values
    }

    static func codeProducts(
        _ level: KernelLevel,
        pairs: [(query: Int, row: Int)],
        queries: [[Int]],
        rows: [[Int]],
        shift: Int = 0
    ) -> [Int] {
        let depth = rows[0].count
        let left = CanaryBuffer(queries.joined().map { Int16($0) }, canary: 30_000, shift: shift) { $0 == 30_000 }
        let right = CanaryBuffer(rows.joined().map { Int8($0) }, canary: 127, shift: shift + 1) { $0 == 127 }
        let survivors = CanaryBuffer(
            pairs.map { simile_survivor(query: UInt16($0.query), row: UInt16($0.row), product: 5) },
            canary: simile_survivor(query: 0xFFFF, row: 0xFFFF, product: 0),
            shift: shift
        ) { _ in true }
        let output = CanaryBuffer<Int32>(writing: pairs.count, shift: shift)
        unsafe CodeProduct.fill(
            level,
            survivors: survivors.base,
            count: pairs.count,
            queries: left.base,
            rows: right.base,
            depth: depth,
            into: output.base
        )
        #expect(output.isIntact && left.isIntact && right.isIntact)
        return output.values.map { Int($0) }
    }

    static func gelu(_ level: KernelLevel, _ values: [Float], bias: [Float], shift: Int = 0) -> [Float] {
        let output = CanaryBuffer(values, canary: -3, shift: shift) { $0 == -3 }
        let input = CanaryBuffer(reading: bias, shift: shift + 1)
        unsafe Activations.gelu(output.base, input.base, values.count, level: level)
        #expect(output.isIntact)
        return output.values
    }

    static func softmax(_ level: KernelLevel, _ row: [Float], scale: Float, shift: Int = 0) -> [Float] {
        let output = CanaryBuffer(row, canary: -3, shift: shift) { $0 == -3 }
        unsafe Activations.softmax(output.base, count: row.count, scale: scale, level: level)
        #expect(output.isIntact)
        return output.values
    }

    static func hamming(_ level: KernelLevel, query: [UInt8], rows: [[UInt8]], shift: Int = 0) -> [Int] {
        let left = CanaryBuffer(query, canary: 0x5A, shift: shift) { $0 == 0x5A }
        let right = CanaryBuffer(Array(rows.joined()), canary: 0xA5, shift: shift + 1) { $0 == 0xA5 }
        let output = CanaryBuffer([UInt32](repeating: 7, count: rows.count), canary: 9, shift: shift) { $0 == 9 }
        unsafe HammingScan.distances(
            level,
            query: left.base,
            rows: right.base,
            width: query.count,
            count: rows.count,
            into: output.base
        )
        #expect(output.isIntact && left.isIntact && right.isIntact)
        return output.values.map { Int($0) }
    }
}
