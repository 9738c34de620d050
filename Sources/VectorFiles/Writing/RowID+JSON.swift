// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import StrictJSON

/// An id: a number or a string.
extension RowID: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        switch self {
        case .integer(let value): value.write(to: &writer)
        case .unsigned(let value): value.write(to: &writer)
        case .string(let value): value.write(to: &writer)
        }
    }
}
