// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import VectorFiles

/// A vector as a line of standard output: `{"row":0,"id":"a","embedding":[...]}`.
enum EmbeddingLine {
    static func json(row: Int, id: RowID?, vector: [Float]) -> [UInt8] {
        JSONWriter.line { line in
            line.field("row", row)
            line.field("id", ifAny: id)
            line.field("embedding", vector)
        }
    }
}
