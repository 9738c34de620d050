// SPDX-License-Identifier: Apache-2.0

internal import CSimilarityKernels
internal import SimilarityKernels

/// A linear layer's weights as bytes: each output's weights divided by their largest magnitude over 127, and rounded. See `ByteProducts`.
package struct ByteWeights: Sendable {
    /// Inputs, and outputs.
    package let depth: Int
    package let columns: Int
    /// Panels of 16 outputs, padded by zeros, each the inputs four by four.
    private let panels: [Int8]
    private let sums: [Int32]
    private let scales: [Float]

    /// Inputs that a layer may have; beyond them sums do not fit.
    package static let maxDepth = ByteProducts.maxDepth

    /// Rounds `columns` x `depth` weights, as PyTorch stores a linear layer.
    ///
    /// A weight that is not finite makes its output's scale one that is not, so every result is seen to be none.
    /// - Complexity: O(columns * depth).
    package init(_ weights: Weights, depth: Int) {
        precondition(depth > 0 && depth <= Self.maxDepth && weights.count % depth == 0)
        defer { withExtendedLifetime(weights) {} }
        let start = unsafe weights.start
        columns = weights.count / depth
        self.depth = depth
        let paddedDepth = Self.padded(depth, to: 4)
        let paddedColumns = Self.padded(columns, to: 16)
        var panels = [Int8](repeating: 0, count: paddedColumns * paddedDepth)
        var sums = [Int32](repeating: 0, count: paddedColumns)
        var scales = [Float](repeating: 0, count: paddedColumns)
        for column in 0..<columns {
            let row = unsafe start + column * depth
            var largest: Float = 0
            var isFinite = true
            for k in 0..<depth {
                let weight = unsafe row[k]
                largest = max(largest, abs(weight))
                isFinite = isFinite && weight.isFinite
            }
            let scale = isFinite ? largest / 127 : .nan
            scales[column] = scale
            guard scale > 0 else { continue }
            let panel = column / 16 * 16 * paddedDepth + column % 16 * 4
            for k in 0..<depth {
                let code = unsafe Int8((row[k] / scale).rounded(.toNearestOrEven).clamped)
                panels[panel + k / 4 * 64 + k % 4] = code
                sums[column] += Int32(code)
            }
        }
        self.panels = panels
        self.sums = sums
        self.scales = scales
    }

    fileprivate static func padded(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }

    /// Columns `column ..< column + columns` of the output <- rows * weights^T.
    fileprivate func multiply(
        _ rows: ByteRows,
        into output: inout [Float],
        outputWidth: Int,
        column: Int,
        level: KernelLevel
    ) {
        precondition(rows.depth == Self.padded(depth, to: 4) && column >= 0 && column + columns <= outputWidth)
        precondition(output.count >= rows.count * outputWidth && rows.rows.count >= rows.count)
        guard rows.count > 0 else { return }
        unsafe rows.codes.withUnsafeBufferPointer { codes in
            unsafe rows.rows.withUnsafeBufferPointer { scales in
                unsafe panels.withUnsafeBufferPointer { panels in
                    unsafe sums.withUnsafeBufferPointer { sums in
                        unsafe self.scales.withUnsafeBufferPointer { weightScales in
                            unsafe output.withUnsafeMutableBufferPointer { output in
                                var product = unsafe simile_byte_product(
                                    rows: codes.baseAddress.unsafelyUnwrapped,
                                    codes: scales.baseAddress.unsafelyUnwrapped,
                                    row_count: rows.count,
                                    panels: panels.baseAddress.unsafelyUnwrapped,
                                    weight_sums: sums.baseAddress.unsafelyUnwrapped,
                                    weight_scales: weightScales.baseAddress.unsafelyUnwrapped,
                                    columns: columns,
                                    depth: rows.depth,
                                    output: output.baseAddress.unsafelyUnwrapped + column,
                                    stride: outputWidth
                                )
                                unsafe ByteProducts.multiply(&product, level: level)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension Float {
    fileprivate var clamped: Float { max(-127, min(127, self)) }
}

/// Rows of a matrix as bytes: scratch of a batch, reused from layer to layer.
package struct ByteRows {
    fileprivate var codes: [UInt8] = []
    fileprivate var rows: [simile_byte_row] = []
    /// Rows that are there now, and their codes with padding.
    fileprivate private(set) var count = 0
    fileprivate private(set) var depth = 0

    package init() {}

    /// Rounds `rows` rows of `depth` floats from row `firstRow` on. What codes stand for beyond the depth is multiplied by zeros.
    fileprivate mutating func encode(
        _ input: [Float],
        firstRow: Int,
        rows count: Int,
        depth width: Int,
        level: KernelLevel
    ) {
        precondition(width > 0 && firstRow >= 0 && input.count >= (firstRow + count) * width)
        self.count = count
        depth = ByteWeights.padded(width, to: 4)
        if codes.count < count * depth { codes = Array(repeating: 0, count: count * depth) }
        if rows.count < count { rows = Array(repeating: simile_byte_row(), count: count) }
        unsafe input.withUnsafeBufferPointer { input in
            unsafe codes.withUnsafeMutableBufferPointer { codes in
                guard let x = input.baseAddress, let codes = codes.baseAddress else { return }
                for row in 0..<count {
                    unsafe rows[row] = ByteProducts.encode(
                        x + (firstRow + row) * width,
                        count: width,
                        into: codes + row * depth,
                        level: level
                    )
                }
            }
        }
    }
}

extension Transformer {
    /// Columns of output <- input * weights^T of each layer, one beside the other, in integers of eight bits: the rows of `input` are rounded once for all.
    ///
    /// Shapes as at `multiply(_:input:firstRow:rows:depth:weights:into:outputWidth:column:)`. Accuracy: each row's components to half of
    /// `1/255` of its span, each output's weights to half of `1/127` of the largest; see `ByteProducts`.
    package static func multiply(
        input: [Float],
        firstRow: Int = 0,
        rows: Int,
        weights: [ByteWeights],
        into output: inout [Float],
        outputWidth: Int,
        scratch: inout ByteRows
    ) {
        guard let depth = weights.first?.depth else { return }
        let level = KernelLevel.current
        scratch.encode(input, firstRow: firstRow, rows: rows, depth: depth, level: level)
        var column = 0
        for part in weights {
            precondition(part.depth == depth)
            part.multiply(scratch, into: &output, outputWidth: outputWidth, column: column, level: level)
            column += part.columns
        }
    }
}
