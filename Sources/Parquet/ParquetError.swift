// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a Parquet file, or what of it is not read.
package struct ParquetError: Error {
    package let message: String

    init(_ message: String) { self.message = message }
}
