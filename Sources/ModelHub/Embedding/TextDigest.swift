// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import HubLibraries

/// What a text is known by: the SHA-256 of its UTF-8 bytes. Swift calls texts equal that differ in their bytes (é in its two
/// forms); models do not.
struct TextDigest: Hashable, Sendable {
    let bytes: [UInt8]

    /// The first bytes of a digest are as good a hash as all of them.
    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// - Throws: ``HubError`` of the kind `missingLibrary`.
    init(_ text: String) throws {
        do {
            bytes = try SHA256.digest(of: text)
        } catch {
            throw HubError(.missingLibrary, error.description)
        }
    }
}

/// What vectors are asked for: together with the address and the text it decides what comes back.
struct EmbeddingTarget: Hashable, Sendable {
    let model: String
    let dimensions: Int?
}
#endif
