// SPDX-License-Identifier: Apache-2.0

import StrictJSON

/// What a text is for, where a model tells queries and documents apart by what stands before them.
public enum TextRole: Sendable, Hashable {
    /// A text that is searched for.
    case query
    /// A text that is searched in.
    case document
}

/// The texts that a model wants before others, by their names: `prompts` of `config_sentence_transformers.json`.
struct ModelPrompts: Sendable {
    private(set) var texts: [String: String] = [:]
    /// The name of the one that is used where none is asked for.
    private(set) var defaultName: String?

    init(_ folder: ModelFolder) throws(ModelError) {
        guard let document = try folder.documentIfPresent("config_sentence_transformers.json") else { return }
        for member in document.value["prompts"]?.members ?? [] where !member.value.isNull {
            guard let text = member.value.text else {
                throw document.error("prompts.\(member.key) must be a string, found \(member.value.summary)")
            }
            texts[member.key] = text
        }
        guard let name = document.value["default_prompt_name"], !name.isNull else { return }
        guard let name = name.text, texts[name] != nil else {
            throw document.error("default_prompt_name must be one of the prompts, found \(name.summary)")
        }
        defaultName = name
    }

    /// The prompt of a role, as sentence-transformers chooses it; else the default one, if there is one.
    func text(for role: TextRole?) -> String {
        let names =
            switch role {
            case .query: ["query"]
            case .document: ["document", "passage", "corpus"]
            case nil: [String]()
            }
        return (names + [defaultName].compactMap { $0 }).lazy.compactMap { texts[$0] }.first ?? ""
    }
}
