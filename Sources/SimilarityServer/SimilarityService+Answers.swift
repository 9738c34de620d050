// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import Similarity
internal import StrictJSON
internal import TextEncoder
internal import VectorFiles

extension SimilarityService {
    /// `POST /v1/embeddings`: the answer of OpenAI, with the places of texts that were cut beside it.
    func embeddings(_ request: ServiceRequest) throws -> HTTPAnswer {
        guard request.vectors == nil, request.corpus == nil, request.k == nil else {
            throw ServiceError.invalid("vectors, corpus and k are for /v1/similarity")
        }
        guard let texts = request.texts else {
            throw ServiceError.invalid("expected 'input', a text or a list of texts", parameter: "input")
        }
        let model = try model(named: request.model)
        let width = request.dimensions ?? model.encoder.dimension
        guard width <= model.encoder.dimension else {
            throw ServiceError.invalid(
                "\(width) dimensions; '\(model.name)' has \(model.encoder.dimension)",
                parameter: "dimensions"
            )
        }
        let found = try embedded(texts, by: model, as: request.role)
        let tokens = found.reduce(0) { $0 + $1.tokenCount }
        let cut = found.indices.filter { found[$0].isCut }
        let body = JSONWriter.line { answer in
            answer.field("object", "list")
            answer.field(
                "data",
                array: { list in
                    for (place, text) in found.enumerated() {
                        let vector = text.vector.prefixOfUnitLength(width)
                        list.object { entry in
                            entry.field("object", "embedding")
                            entry.field("index", place)
                            if request.isBase64 {
                                entry.field("embedding", Base64.text(of: vector))
                            } else {
                                entry.field(
                                    "embedding",
                                    array: { values in for value in vector { values.value(value) } }
                                )
                            }
                        }
                    }
                }
            )
            answer.field("model", model.name)
            answer.field(
                "usage",
                object: { usage in
                    usage.field("prompt_tokens", tokens)
                    usage.field("total_tokens", tokens)
                }
            )
            if !cut.isEmpty { answer.field("truncated", array: { list in for place in cut { list.value(place) } }) }
        }
        return HTTPAnswer(body: body)
    }

    /// `POST /v1/similarity`: the nearest rows of a corpus for each text or vector.
    func neighbors(_ request: ServiceRequest) throws -> HTTPAnswer {
        let corpus = try corpus(named: request.corpus)
        guard (request.texts == nil) != (request.vectors == nil) else {
            throw ServiceError.invalid("expected either 'input', texts, or 'vectors'", parameter: "input")
        }
        let k = request.k ?? 10
        guard k <= limits.neighbors else {
            throw ServiceError.invalid("\(k) neighbors; expected at most \(limits.neighbors)", parameter: "k")
        }
        guard !request.includesTexts || corpus.texts != nil else {
            throw ServiceError.invalid("'\(corpus.name)' is not of texts", parameter: "include_texts")
        }
        let vectors =
            try request.vectors
            ?? embedded(
                request.texts ?? [],
                by: model(named: request.model ?? corpus.model),
                as: request.role ?? .query
            ).map(\.vector)
        let found = try corpus.nearest(to: vectors, k: k, within: limits.time)
        metrics.searched(queries: found.count)
        let ids = corpus.corpus.vectors.ids
        let scoreName = corpus.metric == .euclidean ? "distance" : "score"
        let body = JSONWriter.line { answer in
            answer.field("object", "list")
            answer.field("corpus", corpus.name)
            answer.field("metric", corpus.metric.rawValue)
            answer.field(
                "data",
                array: { list in
                    for (place, neighbors) in found.enumerated() {
                        list.object { entry in
                            entry.field("index", place)
                            entry.field(
                                "neighbors",
                                array: { list in
                                    for neighbor in neighbors {
                                        list.object { object in
                                            object.field("row", neighbor.row)
                                            object.field("id", ifAny: ids?[neighbor.row])
                                            object.field(scoreName, neighbor.score)
                                            if request.includesTexts {
                                                object.field("text", ifAny: corpus.texts?[neighbor.row])
                                            }
                                        }
                                    }
                                }
                            )
                        }
                    }
                }
            )
        }
        return HTTPAnswer(body: body)
    }

    private func embedded(
        _ texts: [String],
        by model: ServedModel,
        as role: TextRole?
    ) throws -> [ServedModel.EmbeddedText] {
        let found = try model.embedded(texts, as: role, within: limits.time)
        if limits.refusesLongTexts, let place = found.firstIndex(where: \.isCut) {
            throw ServiceError.invalid(
                "text \(place) has more than the \(model.encoder.maxTokenCount) tokens that '\(model.name)' reads",
                parameter: "input",
                code: "context_length_exceeded"
            )
        }
        metrics.embedded(texts: found.count, tokens: found.reduce(0) { $0 + $1.tokenCount })
        return found
    }

    private func corpus(named name: String?) throws -> ServedCorpus {
        let names = corpora.map { "'\($0.name)'" }.joined(separator: ", ")
        guard let name else {
            guard corpora.count == 1 else {
                throw ServiceError.invalid(
                    "expected 'corpus'; found \(names.isEmpty ? "none loaded" : names)",
                    parameter: "corpus"
                )
            }
            return corpora[0]
        }
        guard let corpus = corpora.first(where: { $0.name == name }) else {
            throw ServiceError.notFound(
                "there is no corpus '\(name)'; found \(names.isEmpty ? "none" : names)",
                parameter: "corpus",
                code: "corpus_not_found"
            )
        }
        return corpus
    }
}

extension [Float] {
    /// The first components, made a unit vector, or all of them as they are.
    fileprivate func prefixOfUnitLength(_ width: Int) -> ArraySlice<Float> {
        if width == count { return self[...] }
        let norm = prefix(width).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return norm > 0 ? ArraySlice(prefix(width).map { Float(Double($0) / norm) }) : prefix(width)
    }
}
