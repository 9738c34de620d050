// SPDX-License-Identifier: Apache-2.0

package import Similarity
package import StrictJSON

extension JSONText {
    /// An id: a number or a string.
    package static func of(_ id: RowID) -> String {
        switch id {
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .string(let value): of(value)
        }
    }
}
