// SPDX-License-Identifier: Apache-2.0
//
// One call of each kernel through the operation that it is for, on integers small enough that all levels agree in all bits;
// and a spy that tells whether an entry of a table was called.

import CSimilarityKernels
import SimilarityKernels
import Synchronization
import VectorTestSupport

enum KernelProbe {
    /// What the kernel made, as numbers.
    static func run(_ kernel: Kernel, at level: KernelLevel) -> [Double] {
        let codes = (0..<37).map { row in Self.codes(row, 43) }
        let rows = codes.map { $0.map { Float($0) } }
        switch kernel {
        case .verdictDot: return [KernelCalls.dot(level, rows[0], rows[1])]
        case .verdictSquaredDistance: return [KernelCalls.squaredDistance(level, rows[0], rows[1])]
        case .verdictSquaredNorms: return KernelCalls.squaredNorms(level, rows, depth: 43, stride: 44)
        case .dotRows: return KernelCalls.dotRows(level, query: rows[0], rows: rows, stride: 44).map { Double($0) }
        case .dotRowsWithNorms:
            let found = KernelCalls.dotRowsWithNorms(level, query: rows[0], rows: rows, stride: 44)
            return found.scores.map { Double($0) } + found.norms
        case .thresholdScan:
            let scores = (0..<150).map { Float($0 * 37 % 101) }
            let ones = [Float](repeating: 1, count: 150)
            let found = KernelCalls.scan(level, scores: scores, norms: ones, offsets: ones, slope: 90, base: 2)
            return found.map { Double($0) }
        case .convertFloat16:
            return KernelCalls.halves(level, (0..<37).map { UInt16($0 * 1500) }).map { Double($0) }
        case .gemmTile:
            return KernelCalls.gemm(.own(level), rows, rows, depth: 43).joined().map { Double($0) }
        case .extent:
            var buffer: Float = 0
            let input = CanaryBuffer(reading: rows[0], shift: 1)
            let squares = unsafe level.kernels.extent(input.base, 43, &buffer)
            return [squares, Double(buffer)]
        case .quantize:
            let input = CanaryBuffer(reading: rows[0], shift: 1)
            let output = CanaryBuffer<Int16>([Int16](repeating: 99, count: 43), canary: 77, shift: 1) { $0 == 77 }
            let coded = unsafe level.kernels.quantize(input.base, 43, 0.5, 9, output.base)
            return output.values.map { Double($0) } + [coded.lost, coded.size, Double(coded.squares)]
                + [output.isIntact ? 0 : 1]
        case .codeTile: return scan(level, isSingleQuery: false)
        case .codeRow: return scan(level, isSingleQuery: true)
        case .codeProducts:
            let pairs = (0..<37).map { (query: $0 * 5 % 37, row: $0) }
            return KernelCalls.codeProducts(level, pairs: pairs, queries: codes, rows: codes).map { Double($0) }
        case .gelu:
            // Levels agree to their bound.
            let (values, bias) = ((0..<43).map { Float($0 % 7 - 3) }, [Float](repeating: 0.5, count: 43))
            return KernelCalls.gelu(level, values, bias: bias).map { (Double($0) * 1e4).rounded() }
        case .softmax: return KernelCalls.softmax(level, [Float](repeating: 3, count: 32), scale: 2).map { Double($0) }
        case .byteRow, .byteProducts:
            let product = ByteProductCase(rows: rows, weights: codes.map { $0.map { 20 * $0 } }, depth: 43)
            return product.run(level).flatMap { $0.map { Double($0) } }
        case .hamming:
            let bytes = (0..<37).map { row in
                (0..<43).map { column in UInt8(truncatingIfNeeded: column * 73 + row * row * 29) }
            }
            return KernelCalls.hamming(level, query: bytes[0], rows: bytes).map { Double($0) }
        }
    }

    /// Small integers, another row of them for each number.
    private static func codes(_ row: Int, _ depth: Int) -> [Int] {
        (0..<depth).map { column in (row * 7 + column * 5) % 11 - 5 }
    }

    private static func scan(_ level: KernelLevel, isSingleQuery: Bool) -> [Double] {
        let rows = (0..<37).map { codes($0, 44) }
        var tile = CodeTileCase(rows: rows, queries: isSingleQuery ? [rows[3]] : rows, chunkDepth: 44)
        tile.bases = tile.bases.indices.map { $0 < (isSingleQuery ? 1 : 37) ? 100 : .infinity }
        return tile.scan(level, isSingleQuery: isSingleQuery).flatMap {
            [Double($0.query), Double($0.row), Double($0.product)]
        }
    }
}

enum KernelSpy {
    static let calls = Mutex<Set<Kernel>>([])

    static func note(_ kernel: Kernel) { _ = calls.withLock { $0.insert(kernel) } }

    /// Puts a function in the place of an entry that notes its call and does nothing.
    static func replace(_ kernel: Kernel, of kernels: inout KernelTable) {
        switch kernel {
        case .verdictDot:
            unsafe kernels.verdictDot = { _, _, _ in
                KernelSpy.note(.verdictDot)
                return 0
            }
        case .verdictSquaredDistance:
            unsafe kernels.verdictSquaredDistance = { _, _, _ in
                KernelSpy.note(.verdictSquaredDistance)
                return 0
            }
        case .verdictSquaredNorms:
            unsafe kernels.verdictSquaredNorms = { _, _, _, _, _ in KernelSpy.note(.verdictSquaredNorms) }
        case .dotRows: unsafe kernels.dotRows = { _, _, _, _, _, _ in KernelSpy.note(.dotRows) }
        case .dotRowsWithNorms:
            unsafe kernels.dotRowsWithNorms = { _, _, _, _, _, _, _ in KernelSpy.note(.dotRowsWithNorms) }
        case .thresholdScan:
            unsafe kernels.thresholdScan = { _, _, _, _, _, _, _ in
                KernelSpy.note(.thresholdScan)
                return 0
            }
        case .convertFloat16: unsafe kernels.convertFloat16 = { _, _, _ in KernelSpy.note(.convertFloat16) }
        case .gemmTile: unsafe kernels.gemmTile = { _, _, _, _, _, _, _, _, _, _ in KernelSpy.note(.gemmTile) }
        case .extent:
            unsafe kernels.extent = { _, _, _ in
                KernelSpy.note(.extent)
                return 0
            }
        case .quantize:
            unsafe kernels.quantize = { _, _, _, _, _ in
                KernelSpy.note(.quantize)
                return simile_quantized(lost: 0, size: 0, squares: 0)
            }
        case .codeTile:
            unsafe kernels.codeTile = { tile, panel, _, _ in
                KernelSpy.note(.codeTile)
                unsafe panel.pointee = tile.pointee.panel_count
                return 0
            }
        case .codeRow:
            unsafe kernels.codeRow = { tile, panel, _, _ in
                KernelSpy.note(.codeRow)
                unsafe panel.pointee = tile.pointee.panel_count
                return 0
            }
        case .codeProducts: unsafe kernels.codeProducts = { _, _, _, _, _, _ in KernelSpy.note(.codeProducts) }
        case .gelu: unsafe kernels.gelu = { _, _, _ in KernelSpy.note(.gelu) }
        case .softmax: unsafe kernels.softmax = { _, _, _ in KernelSpy.note(.softmax) }
        case .byteRow:
            unsafe kernels.byteRow = { _, _, _ in
                KernelSpy.note(.byteRow)
                return simile_byte_row(scale: 1, zero: 0)
            }
        case .byteProducts: unsafe kernels.byteProducts = { _ in KernelSpy.note(.byteProducts) }
        case .hamming: unsafe kernels.hamming = { _, _, _, _, _ in KernelSpy.note(.hamming) }
        }
    }
}
