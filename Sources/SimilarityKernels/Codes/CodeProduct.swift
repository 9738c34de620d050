// SPDX-License-Identifier: Apache-2.0

package import CSimilarityKernels

/// The integer dot products of survivors: a query's 16-bit codes and a row's 8-bit codes. Exact.
///
/// Requires: `queries` and `rows` readable for `depth` codes at `depth` times each survivor's numbers, `products` writable
/// for `count` and apart from them; any alignment; the product of the norms of the codes is below 2^31.
package enum CodeProduct {
    package static func fill(
        _ level: KernelLevel,
        survivors: UnsafePointer<simile_survivor>,
        count: Int,
        queries: UnsafePointer<Int16>,
        rows: UnsafePointer<Int8>,
        depth: Int,
        into products: UnsafeMutablePointer<Int32>
    ) {
        if count == 0 { return }
        unsafe level.kernels.codeProducts(survivors, count, queries, rows, depth, products)
    }

    static func reference(
        _ survivors: UnsafePointer<simile_survivor>,
        _ count: Int,
        _ queries: UnsafePointer<Int16>,
        _ rows: UnsafePointer<Int8>,
        _ depth: Int,
        _ products: UnsafeMutablePointer<Int32>
    ) {
        for i in 0..<count {
            let query = unsafe queries + Int(survivors[i].query) * depth
            let row = unsafe rows + Int(survivors[i].row) * depth
            var sum: Int32 = 0
            for j in 0..<depth { unsafe sum &+= Int32(query[j]) &* Int32(row[j]) }
            unsafe products[i] = sum
        }
    }
}
