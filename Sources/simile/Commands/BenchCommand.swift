// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `simile bench`
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine.", subcommands: [])
}
