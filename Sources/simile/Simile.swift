// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Similarity
internal import SimilarityKernels
internal import System

/// The command line: parse, call, print.
@main
struct Simile: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "simile",
        abstract: "Exact vector similarity: nearest neighbors, near-duplicates, groups and pictures.",
        discussion: """
            F is a vector file (.npy, .fvecs, .bvecs, .ivecs, .fbin, .f16bin, .u8bin, .i8bin, .safetensors), a text file (.txt, .jsonl, .csv, .parquet) or a prepared corpus (.simile), told by its ending. Texts are embedded on the \
            way by --model.

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 input refused, 130 interrupted.
            """,
        version: version,
        subcommands: [
            InfoCommand.self, EmbedCommand.self, MatrixCommand.self, SearchCommand.self, JoinCommand.self,
            DedupCommand.self, ClusterCommand.self, CommunitiesCommand.self, MapCommand.self, MineCommand.self,
            EvaluateCommand.self,
            PrepareCommand.self, DistillCommand.self, ReduceCommand.self, QuantizeCommand.self, ConvertCommand.self,
            PlanCommand.self, RunCommand.self, StatusCommand.self,
            VerifyCommand.self,
            MergeCommand.self,
        ] + serverSubcommands + hubSubcommands + [BenchCommand.self]
    )

    private static var serverSubcommands: [any ParsableCommand.Type] {
        #if Server
        [ServeCommand.self]
        #else
        []
        #endif
    }

    private static var hubSubcommands: [any ParsableCommand.Type] {
        #if ModelHub
        [ModelsCommand.self, CacheCommand.self]
        #else
        []
        #endif
    }

    /// Runs a command and ends the process with its exit code.
    static func main() async {
        SystemMemory.keepFreedBlocks()
        Interruption.watch()
        let work = Task {
            _ = try KernelLevel.named(KernelLevel.requested)
            var command = try parseAsRoot(FileName.arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        }
        Interruption.whenStopped { work.cancel() }
        do {
            try await work.value
            ExitStatus.done.end()
        } catch {
            ExitStatus.end(after: error)
        }
    }
}
