// SPDX-License-Identifier: Apache-2.0

internal import TextEncoder

/// What is to be put before texts; nil for what the model says.
struct Prompts {
    /// `--prompt`
    let all: String?
    /// `--query-prompt`
    let queries: String?

    /// What is given for texts of a role.
    func text(for role: TextRole?) -> String? { role == .query ? queries ?? all : all }
}
