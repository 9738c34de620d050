// SPDX-License-Identifier: Apache-2.0

public import VectorFiles

extension Job {
    /// The files of the job as they were when it was planned, for the record of its result.
    public var recordedInputs: [RunRecord.Input] {
        func input(_ role: String, _ input: JobInput, _ rows: Int) -> RunRecord.Input {
            RunRecord.Input(
                role: role,
                path: RelativePath.resolved(input.path, from: folder.manifest),
                rows: rows,
                fingerprint: input.fingerprint
            )
        }
        let isSearch = kind.k != nil
        return [input(isSearch ? "queries" : "left", manifest.left, leftRowCount)]
            + (manifest.right.map { [input(isSearch ? "corpus" : "right", $0, rightRowCount)] } ?? [])
    }
}
