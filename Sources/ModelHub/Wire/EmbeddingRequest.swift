// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import StrictJSON

/// The body of `POST /embeddings`.
package enum EmbeddingRequest {
    /// Optional keys are left out, never `null`, which strict servers refuse. Slashes are not escaped.
    package static func body(model: String, texts: some Collection<String>, dimensions: Int?) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(texts.reduce(160) { $0 + $1.utf8.count + 8 })
        body += "{\"model\":".utf8
        JSONText.append(model, to: &body)
        body += ",\"encoding_format\":\"base64\"".utf8
        if let dimensions { body += ",\"dimensions\":\(dimensions)".utf8 }
        body += ",\"input\":[".utf8
        for (i, text) in texts.enumerated() {
            if i > 0 { body.append(UInt8(ascii: ",")) }
            JSONText.append(text, to: &body)
        }
        body += "]}".utf8
        return body
    }

    /// Tokens of a text, rather too many: a token has two bytes of UTF-8 at the least, markers and line noise aside, and the
    /// model adds two of its own.
    package static func estimatedTokens(_ text: String) -> Int { text.utf8.count / 2 + 3 }
}
#endif
