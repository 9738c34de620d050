// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import StrictJSON

/// The body of `POST /embeddings`.
package enum EmbeddingRequest {
    /// Optional keys are left out, never `null`, which strict servers refuse. Slashes are not escaped.
    package static func body(model: String, texts: some Collection<String>, dimensions: Int?) -> [UInt8] {
        JSONWriter.object { body in
            body.field("model", model)
            body.field("encoding_format", "base64")
            body.field("dimensions", ifAny: dimensions)
            body.field("input", array: { list in for text in texts { list.value(text) } })
        }
    }

    /// Tokens of a text, rather too many: a token has two bytes of UTF-8 at the least, markers and line noise aside, and the
    /// model adds two of its own.
    package static func estimatedTokens(_ text: String) -> Int { text.utf8.count / 2 + 3 }
}
#endif
