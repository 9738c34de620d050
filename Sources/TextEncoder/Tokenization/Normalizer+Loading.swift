// SPDX-License-Identifier: Apache-2.0

import StrictJSON

extension JSONDocument {
    /// The normalizer of a `tokenizer.json`: none, one, or a sequence.
    func normalizer() throws(ModelError) -> Normalizer {
        var types: [(name: String, settings: JSONDocument)] = []
        try collect("normalizer", value["normalizer"], list: "normalizers", into: &types)
        var steps: [Normalizer.Step] = []
        for (index, (name, settings)) in types.enumerated() {
            let following = types[(index + 1)...].map(\.name)
            steps.append(try settings.normalizerStep(name, strippedLater: following.contains("StripAccents")))
        }
        return Normalizer(steps: steps)
    }

    /// The pre-tokenizer of a `tokenizer.json`: none, one, or a sequence.
    func preTokenizer() throws(ModelError) -> PreTokenizer {
        var types: [(name: String, settings: JSONDocument)] = []
        try collect("pre_tokenizer", value["pre_tokenizer"], list: "pretokenizers", into: &types)
        var steps: [PreTokenizer.Step] = []
        for (name, settings) in types { steps.append(try settings.preTokenizerStep(name)) }
        return PreTokenizer(steps: steps)
    }

    /// Appends the types of a part and of the sequences in it.
    private func collect(
        _ key: String,
        _ part: JSONValue?,
        list: String,
        depth: Int = 0,
        into types: inout [(name: String, settings: JSONDocument)]
    ) throws(ModelError) {
        guard let part, !part.isNull else { return }
        guard let name = part["type"]?.text else {
            throw error("\(key) must have a type, found \(part["type"]?.summary ?? part.summary)")
        }
        if name == "Sequence" {
            guard let elements = part[list]?.elements, depth < 8 else {
                throw error("\(key) is a Sequence, which must have \(list), at most eight in one another")
            }
            for element in elements { try collect(key, element, list: list, depth: depth + 1, into: &types) }
        } else {
            types.append((name, JSONDocument(file: file, value: part)))
        }
    }

    private func normalizerStep(_ name: String, strippedLater: Bool) throws(ModelError) -> Normalizer.Step {
        switch name {
        case "BertNormalizer":
            let lowercases = try flag("lowercase") ?? true
            return .bert(
                BERTNormalizer(
                    cleansText: try flag("clean_text") ?? true,
                    spacesIdeographs: try flag("handle_chinese_chars") ?? true,
                    stripsAccents: try flag("strip_accents") ?? lowercases,
                    lowercases: lowercases
                )
            )
        case "Lowercase": return .lowercase
        case "Strip": return .strip(start: try flag("strip_left") ?? true, end: try flag("strip_right") ?? true)
        case "StripAccents": return .stripAccents
        case "NFD" where strippedLater: return .decomposeWithoutAccents
        case "Prepend": return .prepend(Array(try text("prepend", or: "").unicodeScalars))
        case "Replace": return try replacement()
        case "Precompiled":
            guard let map = CharacterMap(base64: try text("precompiled_charsmap", or: "")) else {
                throw error("normalizer: precompiled_charsmap is damaged")
            }
            return .map(map)
        default:
            throw error(
                "normalizer \(name) is not supported; BertNormalizer, Lowercase, Strip, StripAccents, NFD before StripAccents, Prepend, Replace, "
                    + "Precompiled and sequences of them are"
            )
        }
    }

    private func replacement() throws(ModelError) -> Normalizer.Step {
        let content = Array(try text("content", or: "").unicodeScalars)
        if let pattern = value["pattern"]?["String"]?.text {
            return .replace(Array(pattern.unicodeScalars), with: content)
        }
        switch value["pattern"]?["Regex"]?.text {
        case " +": return .replaceRuns(ofSpaces: true, atLeast: 1, with: content)
        case " {2,}": return .replaceRuns(ofSpaces: true, atLeast: 2, with: content)
        case #"\s+"#: return .replaceRuns(ofSpaces: false, atLeast: 1, with: content)
        case #"\s{2,}"#: return .replaceRuns(ofSpaces: false, atLeast: 2, with: content)
        default:
            throw error(
                "normalizer Replace: the pattern \(value["pattern"]?.summary ?? "none") is not supported; a String is, and the Regex \" +\", "
                    + #"" {2,}", "\s+" and "\s{2,}""#
            )
        }
    }

    private func preTokenizerStep(_ name: String) throws(ModelError) -> PreTokenizer.Step {
        switch name {
        case "BertPreTokenizer": return .bert
        case "Whitespace": return .wordsAndSymbols
        case "WhitespaceSplit": return .whiteSpace
        case "Punctuation" where try text("behavior", or: "Isolated") == "Isolated": return .punctuation
        case "Digits": return .digits(oneByOne: try flag("individual_digits") ?? false)
        case "Metaspace":
            let mark = Array(try text("replacement", or: "\u{2581}").unicodeScalars)
            // Files of old say whether, not when.
            let old = try flag("add_prefix_space").map { $0 ? "always" : "never" } ?? "always"
            let scheme = try text("prepend_scheme", or: old)
            guard mark.count == 1, let prepends = PreTokenizer.Metaspace(rawValue: scheme) else {
                throw error(
                    "pre_tokenizer Metaspace: replacement must be one character, prepend_scheme always, first or never"
                )
            }
            return .metaspace(mark[0], prepends: prepends, splits: try flag("split") ?? true)
        case "ByteLevel":
            return .byteLevel(
                prependsSpace: try flag("add_prefix_space") ?? true,
                splits: try flag("use_regex") ?? true
            )
        default:
            throw error(
                "pre_tokenizer \(name) is not supported; BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation (Isolated), Digits, Metaspace, "
                    + "ByteLevel and sequences of them are"
            )
        }
    }
}
