// SPDX-License-Identifier: Apache-2.0

import Similarity

@main
struct Consumer {
    static func main() throws {
        let corpus = VectorMatrix(rows: [[0.10, 0.10], [0.95, 0.90], [0.96, 0.87]])
        let query = VectorMatrix(rows: [[0.94, 0.91]])
        for neighbor in try corpus.nearest(to: query, k: 2, metric: .euclidean)[0] {
            print(neighbor.row, neighbor.score)
        }
    }
}
