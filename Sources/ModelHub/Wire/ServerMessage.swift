// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import StrictJSON

/// What the body of an error says, in any of the forms that gateways, vLLM, LiteLLM, OpenAI, FastAPI and plain proxies use.
package struct ServerMessage: Sendable {
    /// The text for people, cut to an excerpt.
    package let text: String
    /// The machine's words beside it (`code`, `type`, `errorCode`), in lower case.
    package let labels: [String]
    /// The parameter that is complained of, if it says.
    package let parameter: String?

    /// Characters of a server's text that are kept.
    private static let excerptLength = 300

    /// - Parameter withoutToken: Takes the token out of a text, before it is cut: no part of it may stay.
    package init(_ body: [UInt8], withoutToken: (String) -> String) {
        let document = (try? JSONParser.parse(body)) ?? .null
        // {"error": {...}}, {"error": "..."} or the members at the top.
        let error = document["error"].flatMap { $0.isNull ? nil : $0 } ?? document
        let nested = document["messages"]?.elements ?? []
        var texts = nested.compactMap { $0["message"]?.text }
        texts += Self.texts(error["message"]) + Self.texts(document["error"]) + Self.texts(document["detail"])
        let readable = texts.isEmpty ? Self.plainText(body) : texts.joined(separator: "; ")
        text = Self.excerpt(withoutToken(readable))
        labels = ([error["code"], error["type"]] + nested.map { $0["errorCode"] })
            .compactMap { value in value?.text ?? value?.integer.map(String.init) }.map { $0.lowercased() }
        parameter = error["param"]?.text
    }

    /// A text, the texts of an array, or the `msg` of FastAPI's list with the place it is about.
    private static func texts(_ value: JSONValue?) -> [String] {
        switch value {
        case .string(let text)?: [text]
        case .array(let elements)?:
            elements.flatMap { element -> [String] in
                guard let message = element["msg"]?.text else { return texts(element) }
                let place = (element["loc"]?.elements ?? []).compactMap { $0.text ?? $0.integer.map(String.init) }
                return [place.isEmpty ? message : "\(place.joined(separator: ".")): \(message)"]
            }
        default: []
        }
    }

    /// A body that is no JSON, or JSON of another form; of a page the words without the markup.
    private static func plainText(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(16_384), as: UTF8.self)
        guard text.contains("<html") || text.contains("<HTML") || text.hasPrefix("<!") else { return text }
        var words = ""
        var isInTag = false
        for character in text {
            if character == "<" { isInTag = true }
            if !isInTag { words.append(character) }
            if character == ">" {
                isInTag = false
                words.append(" ")
            }
        }
        return words
    }

    /// One line of bounded length without control characters, which could rewrite a terminal.
    static func excerpt(_ text: String) -> String {
        let words = text.split {
            $0.isWhitespace || $0.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        let line = words.joined(separator: " ")
        return line.count > excerptLength ? "\(line.prefix(excerptLength))..." : line
    }

    /// Whether it says that the texts are too many or too long, so that fewer at once may pass.
    package var isAboutSize: Bool {
        let words = [
            "maximum context length", "max_tokens_per_request", "too large", "too long", "too many tokens",
            "batch size",
            "exceeds the context length", "context_length_exceeded", "maximum allowed", "tokens per request",
            "longer than the maximum", "input length", "payload too large", "request entity too large",
        ]
        return contains(words)
    }

    /// Whether it says that texts are of the wrong kind, without saying which.
    package var isAboutInput: Bool {
        parameter?.lowercased().hasPrefix("input") == true
            || contains(["'$.input' is invalid"]) || isAboutHopelessText
    }

    /// Whether it says that a text can never be embedded; in words so clear that they are believed of a server error as well.
    package var isAboutHopelessText: Bool {
        contains([
            "unsupported value: nan", "embedding contains nan", "too large to process", "maximum context length",
            "exceeds the context length",
        ])
    }

    /// Whether it says that a request has more texts than the server takes at once.
    package var isAboutCount: Bool { contains(["batch size"]) }

    /// Whether the account has used up what it may use.
    package var isAboutQuota: Bool { labels.contains("insufficient_quota") || contains(["insufficient_quota"]) }

    private func contains(_ words: [String]) -> Bool {
        let lowercase = text.lowercased()
        return words.contains { word in lowercase.contains(word) || labels.contains { $0.contains(word) } }
    }
}
#endif
