// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import VectorFiles

/// An output that is also an input is wrong usage: the input would be replaced by its own result.
enum OutputCheck {
    /// - Parameters:
    ///   - output: The path that was asked for; for `.npy` results the files of its group are looked at as well.
    ///   - inputs: Paths of the inputs.
    static func requireDistinct(_ output: String, from inputs: [String]) throws {
        let stem = output.withoutPathEnding
        let parts = ["rows.npy", "scores.npy", "offsets.npy", "pairs.npy", "ids.jsonl"].map { "\(stem).\($0)" }
        let outputs = FileFormat(path: output) == .npy ? [output] + parts : [output]
        for input in inputs {
            guard let identity = FileIdentity(path: input) else { continue }
            for output in outputs where FileIdentity(path: output) == identity {
                throw CommandFailure.usage("--output would replace the input \(input)")
            }
        }
    }
}
