// SPDX-License-Identifier: Apache-2.0

package import CSimilarityKernels

/// The kernels that have versions for instruction sets, one entry each: a function of the C calling convention, so that C
/// and Swift versions are called alike and a table is nothing but addresses. The contract of each is at the type named here.
///
/// A new kernel is one entry here, one case of `Kernel`, its reference version in `KernelLevel.reference`, and faster ones
/// where they are worth it.
@safe package struct KernelTable: Sendable {
    /// `Verdict.dot`
    package var verdictDot:
        @convention(c) (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ depth: Int) -> Double
    /// `Verdict.squaredDistance`
    package var verdictSquaredDistance:
        @convention(c) (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ depth: Int) -> Double
    /// `Verdict.squaredNorms`
    package var verdictSquaredNorms:
        @convention(c) (
            _ rows: UnsafePointer<Float>, _ stride: Int, _ count: Int, _ depth: Int,
            _ sums: UnsafeMutablePointer<Double>
        ) -> Void
    /// `DotRows.score`
    package var dotRows:
        @convention(c) (
            _ query: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ stride: Int, _ count: Int, _ depth: Int,
            _ scores: UnsafeMutablePointer<Float>
        ) -> Void
    /// `DotRows.scoreWithNorms`
    package var dotRowsWithNorms:
        @convention(c) (
            _ query: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, _ stride: Int, _ count: Int, _ depth: Int,
            _ scores: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Double>
        ) -> Void
    /// `ThresholdScan.survivors`
    package var thresholdScan:
        @convention(c) (
            _ scores: UnsafePointer<Float>, _ norms: UnsafePointer<Float>, _ offsets: UnsafePointer<Float>,
            _ slope: Float, _ base: Float, _ count: Int, _ survivors: UnsafeMutablePointer<Int32>
        ) -> Int
    /// `ElementConversion.convert` of halves; `halves` at any alignment.
    package var convertFloat16:
        @convention(c) (_ halves: UnsafeRawPointer, _ count: Int, _ values: UnsafeMutablePointer<Float>) -> Void
    /// `GEMM.multiplyTransposed`, for sizes of at least one; `workspace` has room for `SIMILE_GEMM_WORKSPACE` floats.
    package var gemmTile:
        @convention(c) (
            _ a: UnsafePointer<Float>, _ aStride: Int, _ rows: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
            _ columns: Int, _ depth: Int, _ c: UnsafeMutablePointer<Float>, _ cStride: Int,
            _ workspace: UnsafeMutablePointer<Float>
        ) -> Void
    /// `Quantizer.extent`
    package var extent:
        @convention(c) (
            _ y: UnsafePointer<Float>, _ count: Int, _ largest: UnsafeMutablePointer<Float>
        ) -> Double
    /// `Quantizer.quantize`
    package var quantize:
        @convention(c) (
            _ y: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ limit: Float,
            _ codes: UnsafeMutablePointer<Int16>
        ) -> simile_quantized
    /// `CodeTile.scan`
    package var codeTile:
        @convention(c) (
            _ tile: UnsafePointer<simile_code_tile>, _ panel: UnsafeMutablePointer<Int>,
            _ survivors: UnsafeMutablePointer<simile_survivor>, _ capacity: Int
        ) -> Int
    /// `CodeTile.scan` for one query
    package var codeRow:
        @convention(c) (
            _ tile: UnsafePointer<simile_code_tile>, _ panel: UnsafeMutablePointer<Int>,
            _ survivors: UnsafeMutablePointer<simile_survivor>, _ capacity: Int
        ) -> Int
    /// `CodeProduct.fill`
    package var codeProducts:
        @convention(c) (
            _ survivors: UnsafePointer<simile_survivor>, _ count: Int, _ queries: UnsafePointer<Int16>,
            _ rows: UnsafePointer<Int8>, _ depth: Int, _ products: UnsafeMutablePointer<Int32>
        ) -> Void
    /// `Activations.gelu`
    package var gelu:
        @convention(c) (
            _ values: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, _ count: Int
        ) -> Void
    /// `Activations.softmax`
    package var softmax: @convention(c) (_ row: UnsafeMutablePointer<Float>, _ count: Int, _ scale: Float) -> Void
    /// `ByteProducts.encode`
    package var byteRow:
        @convention(c) (
            _ x: UnsafePointer<Float>, _ count: Int, _ codes: UnsafeMutablePointer<UInt8>
        ) -> simile_byte_row
    /// `ByteProducts.multiply`
    package var byteProducts: @convention(c) (_ product: UnsafePointer<simile_byte_product>) -> Void
    /// `HammingScan.distances`
    package var hamming:
        @convention(c) (
            _ query: UnsafePointer<UInt8>, _ rows: UnsafePointer<UInt8>, _ width: Int, _ count: Int,
            _ distances: UnsafeMutablePointer<UInt32>
        ) -> Void
}

/// The entries of a `KernelTable` by name, for what goes through all of them.
package enum Kernel: String, CaseIterable, Sendable {
    case verdictDot, verdictSquaredDistance, verdictSquaredNorms, dotRows, dotRowsWithNorms, thresholdScan
    case convertFloat16, gemmTile, extent, quantize, codeTile, codeRow, codeProducts, gelu, softmax
    case byteRow, byteProducts, hamming
}

extension KernelTable {
    /// Where the code of an entry begins: equal for two tables if they share it.
    package func address(of kernel: Kernel) -> UInt {
        switch kernel {
        case .verdictDot: unsafe unsafeBitCast(verdictDot, to: UInt.self)
        case .verdictSquaredDistance: unsafe unsafeBitCast(verdictSquaredDistance, to: UInt.self)
        case .verdictSquaredNorms: unsafe unsafeBitCast(verdictSquaredNorms, to: UInt.self)
        case .dotRows: unsafe unsafeBitCast(dotRows, to: UInt.self)
        case .dotRowsWithNorms: unsafe unsafeBitCast(dotRowsWithNorms, to: UInt.self)
        case .thresholdScan: unsafe unsafeBitCast(thresholdScan, to: UInt.self)
        case .convertFloat16: unsafe unsafeBitCast(convertFloat16, to: UInt.self)
        case .gemmTile: unsafe unsafeBitCast(gemmTile, to: UInt.self)
        case .extent: unsafe unsafeBitCast(extent, to: UInt.self)
        case .quantize: unsafe unsafeBitCast(quantize, to: UInt.self)
        case .codeTile: unsafe unsafeBitCast(codeTile, to: UInt.self)
        case .codeRow: unsafe unsafeBitCast(codeRow, to: UInt.self)
        case .codeProducts: unsafe unsafeBitCast(codeProducts, to: UInt.self)
        case .gelu: unsafe unsafeBitCast(gelu, to: UInt.self)
        case .softmax: unsafe unsafeBitCast(softmax, to: UInt.self)
        case .byteRow: unsafe unsafeBitCast(byteRow, to: UInt.self)
        case .byteProducts: unsafe unsafeBitCast(byteProducts, to: UInt.self)
        case .hamming: unsafe unsafeBitCast(hamming, to: UInt.self)
        }
    }
}
