// SPDX-License-Identifier: Apache-2.0

/// A row-major block of `rowCount * width` floats, filled by at most `workers` threads: `body` gets a range of at most
/// `rowsPerChunk` rows and the part of the block that is theirs, zeros at first. Chunks do not overlap, so nothing is
/// shared; which rows make a chunk does not depend on the number of workers.
///
/// - Precondition: `rowCount * width` does not overflow.
package func concurrentFill(
    rowCount: Int,
    width: Int,
    rowsPerChunk: Int,
    workers: Int,
    _ body: @Sendable (Range<Int>, inout MutableSpan<Float>) throws -> Void
) throws -> [Float] {
    let chunkCount = (rowCount + rowsPerChunk - 1) / rowsPerChunk
    var failure: (any Error)?
    let block = unsafe [Float](unsafeUninitializedCapacity: rowCount * width) { buffer, initializedCount in
        unsafe buffer.initialize(repeating: 0)
        initializedCount = rowCount * width
        guard let start = buffer.baseAddress else { return }
        let base = unsafe DisjointBase(start: start)
        do {
            _ = try concurrentMap(count: chunkCount, workers: workers) { chunk in
                let rows = chunk * rowsPerChunk..<min((chunk + 1) * rowsPerChunk, rowCount)
                var span = unsafe MutableSpan(
                    _unsafeStart: base.start + rows.lowerBound * width,
                    count: rows.count * width
                )
                try body(rows, &span)
            }
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
    return block
}

/// Carries the address of the block to the workers, each of which uses its own part of it while the block is borrowed.
@unsafe private struct DisjointBase: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
}
