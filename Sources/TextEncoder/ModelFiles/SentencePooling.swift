// SPDX-License-Identifier: Apache-2.0

import SimilarityKernels
import StrictJSON
import TransformerKernels

/// What follows the transformer: how token rows become one vector, and what is done with it then.
///
/// A folder without `modules.json` or `1_Pooling/config.json` (a plain transformer) gets mean pooling and unit length.
struct SentencePooling: Sendable {
    /// A module behind the pooling.
    enum Step: Sendable {
        case dense(DenseLayer)
        /// Scales vectors to length 1.
        case normalize
    }

    var pooling = Transformer.Pooling.mean
    var steps = [Step.normalize]
    /// Whether tokens of a prompt count in the pooling.
    private(set) var includesPrompt = true

    /// Components of what comes out.
    func dimension(hiddenSize: Int) -> Int {
        steps.reduce(hiddenSize) { width, step in if case .dense(let layer) = step { layer.outputSize } else { width } }
    }

    /// Reads `modules.json` and the modules' own configurations.
    init(_ folder: ModelFolder, hiddenSize: Int) throws(ModelError) {
        var poolingFolder: String? = "1_Pooling"
        if let modules = try folder.documentIfPresent("modules.json") {
            guard let elements = modules.value.elements else {
                throw modules.error("an array of modules was expected, found \(modules.value.summary)")
            }
            poolingFolder = nil
            steps = []
            for (index, element) in elements.enumerated() {
                guard let type = element["type"]?.text else { throw modules.error("module \(index) has no type") }
                // The reference renamed its package over time; the last part of the name is what stayed.
                let name = type.split(separator: ".").last.map(String.init) ?? type
                let path = element["path"]?.text
                switch (index, name) {
                case (0, "Transformer"):
                    guard (path ?? "").isEmpty else {
                        throw modules.error("the transformer must be in the folder itself, found a path of its own")
                    }
                case (1, "Pooling"): poolingFolder = path ?? "1_Pooling"
                case (2..., "Normalize"): steps.append(.normalize)
                case (2..., "Dense"):
                    let layer = try DenseLayer(
                        folder,
                        path ?? "\(index)_Dense",
                        inputSize: dimension(hiddenSize: hiddenSize)
                    )
                    steps.append(.dense(layer))
                // Nothing is dropped but in training.
                case (2..., "Dropout"): break
                default:
                    throw modules.error(
                        "module \(index) is \"\(name)\"; Transformer, Pooling, then Dense, Dropout and Normalize are supported"
                    )
                }
            }
        }
        guard let poolingFolder, let document = try folder.documentIfPresent("\(poolingFolder)/config.json") else {
            return
        }
        let width = try document.integer("word_embedding_dimension", in: 1...65_536, or: hiddenSize)
        guard width == hiddenSize else {
            throw document.error("word_embedding_dimension is \(width), but hidden_size is \(hiddenSize)")
        }
        pooling = try Self.pooling(document)
        includesPrompt = try document.flag("include_prompt") ?? true
    }

    /// Does the steps to pooled vectors.
    func finish(_ vectors: [Float], rows: Int, hiddenSize: Int, _ gemm: GEMM.Provider) -> [Float] {
        var (vectors, width) = (vectors, hiddenSize)
        for step in steps {
            switch step {
            case .normalize: Transformer.scaleToUnitLength(&vectors, rows: rows, width: width)
            case .dense(let layer):
                vectors = layer.apply(vectors, rows: rows, gemm)
                width = layer.outputSize
            }
        }
        return vectors
    }

    /// The one mode that is switched on.
    ///
    /// Newer files name it (`pooling_mode`), older ones have a flag for each.
    private static func pooling(_ document: JSONDocument) throws(ModelError) -> Transformer.Pooling {
        var modes: [String] = []
        for member in document.value.members ?? [] where member.key.hasPrefix("pooling_mode") {
            if let name = member.value.text {
                modes.append(name)
            } else if try document.flag(member.key) == true {
                modes.append(String(member.key.dropFirst("pooling_mode_".count)))
            }
        }
        switch modes {
        case ["mean_tokens"], ["mean"]: return .mean
        case ["cls_token"], ["cls"]: return .firstToken
        case ["max_tokens"], ["max"]: return .maximum
        case []: throw document.error("no pooling mode is switched on; mean, cls or max was expected")
        default:
            throw document.error(
                "pooling \"\(modes.joined(separator: " + "))\" is not supported, only one of mean, cls and max"
            )
        }
    }
}
