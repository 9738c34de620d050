// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import StrictJSON

/// A model of the hub, with what is known about it.
public struct HubModel: Sendable, Hashable {
    /// The id on the wire, e.g. `BAAI/bge-m3`.
    public let id: String
    /// What the catalogue knows; nil for a model that it does not have, which may be a chat or an image model: the hub's list
    /// does not say what a model is for.
    public let facts: Facts?

    /// Facts about an embedding model, from the pages of IONOS.
    public struct Facts: Sendable, Hashable {
        /// Components of a vector.
        public let dimension: Int
        /// Tokens of a text that are read.
        public let inputLimit: Int
        /// Languages, for people.
        public let languages: String
    }

    init(id: String) {
        self.id = id
        facts = Self.catalogue[id]
    }

    /// Embedding models that IONOS describes (docs.ionos.com, "Embedding models", 2026).
    static let catalogue: [String: Facts] = [
        "BAAI/bge-m3": Facts(dimension: 1024, inputLimit: 8192, languages: "more than 100"),
        "BAAI/bge-large-en-v1.5": Facts(dimension: 1024, inputLimit: 512, languages: "English"),
        "sentence-transformers/paraphrase-multilingual-mpnet-base-v2":
            Facts(dimension: 768, inputLimit: 128, languages: "about 50"),
        "Qwen/Qwen3-VL-Embedding-8B": Facts(dimension: 4096, inputLimit: 32_768, languages: "more than 30"),
    ]

    /// The models of an answer to `GET /models`: `{"data": [...]}` or a bare array of objects with an `id`.
    package static func list(_ body: [UInt8]) -> [HubModel]? {
        guard let document = try? JSONParser.parse(body), let elements = document["data"]?.elements ?? document.elements
        else { return nil }
        return elements.compactMap { $0["id"]?.text ?? $0.text }.map { HubModel(id: $0) }.sorted { left, right in
            (left.facts == nil ? 1 : 0, left.id) < (right.facts == nil ? 1 : 0, right.id)
        }
    }
}
#endif
