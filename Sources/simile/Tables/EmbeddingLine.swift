// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import VectorFiles

/// A vector as a line of standard output: `{"row":0,"id":"a","embedding":[...]}`.
enum EmbeddingLine {
    static func json(row: Int, id: RowID?, vector: [Float]) -> String {
        let id = id.map { ",\"id\":\(JSONText.of($0))" } ?? ""
        return "{\"row\":\(row)\(id),\"embedding\":[\(vector.map { "\($0)" }.joined(separator: ","))]}\n"
    }
}
