// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Crypto
internal import FoundationEssentials

/// What a text is known by: the SHA-256 of its UTF-8 bytes. Swift calls texts equal that differ in their bytes (é in its two
/// forms); models do not.
struct TextDigest: Hashable, Sendable {
    let bytes: Data

    init(_ text: String) { bytes = Data(SHA256.hash(data: Array(text.utf8))) }
}

/// What vectors are asked for: together with the address and the text it decides what comes back.
struct EmbeddingTarget: Hashable, Sendable {
    let model: String
    let dimensions: Int?
}
#endif
