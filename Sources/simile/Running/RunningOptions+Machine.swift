// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import System
internal import VectorFiles

extension RunningOptions {
    /// What a record says of the machine and of how it was used.
    var machineFacts: [(key: String, value: RunRecord.Fact)] {
        [
            ("isa", .text(KernelLevel.current.permitted.name)), ("gemm", .text(GEMM.preferred.description)),
            ("blas", .text(SimilarityRuntime.blasVersion)), ("core", .text(SimilarityRuntime.blasCore)),
            ("cpu", .text(processorName)),
            ("threads", .count(workers.count)), ("threadsFrom", .text(workersSource)),
        ]
    }
}

extension SimilarityRuntime {
    /// `OpenBLAS 0.3.21`, without its build options.
    static var blasVersion: String? {
        blasConfiguration.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    }
}
