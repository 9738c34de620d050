// SPDX-License-Identifier: Apache-2.0

// The library example of the README, compiled; ReadmeTests holds that the README has these very lines and that they print
// what their comments say.

// README begin
import Similarity

func readmeExample(print: (Any...) -> Void) throws {
    let points = VectorMatrix(rows: [[0.10, 0.10], [0.95, 0.90], [0.96, 0.87]])
    let nearest = try points.selfNearest(k: 1)
    print(nearest[1][0].row, nearest[1][0].score)  // 2 0.9997554
    let cosines = try points.selfJoin(threshold: -1).map(\.score)
    print(cosines)  // [0.999635, 0.9987928, 0.9997554]
    let distances = try points.selfJoin(threshold: 2, metric: .euclidean).map(\.score)
    print(distances)  // [1.1672617, 1.1543397, 0.031622745]
}
// README end
