// SPDX-License-Identifier: Apache-2.0

/// Where the models of this machine are, and how a model's name becomes its folder.
///
/// The library reads no environment variables: the caller says where the cache is, by convention
/// `${XDG_CACHE_HOME:-$HOME/.cache}`.
public struct ModelLocation: Sendable, Hashable {
    /// The model that is used when no other is asked for.
    public static let defaultModel = "all-MiniLM-L6-v2"

    /// The static model that comes with the command line.
    public static let staticModel = "static"

    /// The folder that holds one folder a model.
    public let modelsFolder: String

    /// Folders of models that come with a program; they are looked in first.
    public let bundledFolders: [String]

    /// The models below a cache folder, in `simile/models`, and those in other folders.
    public init(cacheFolder: String, bundledFolders: [String] = []) {
        self.bundledFolders = bundledFolders
        modelsFolder = (cacheFolder.hasSuffix("/") ? cacheFolder : cacheFolder + "/") + "simile/models"
    }

    /// The folder of a model.
    ///
    /// A name with a slash in it is the path of a folder and is taken as it is; any other name is looked for in
    /// ``bundledFolders`` and then among the models of the cache. Only the configuration file is looked for; whether the model is usable shows when it is
    /// loaded.
    /// - Throws: ``ModelError`` that names the folder looked in and the script that fetches the default model.
    public func folder(of model: String = defaultModel) throws(ModelError) -> String {
        let isPath = model.contains("/")
        guard !model.isEmpty, isPath || (model != "." && model != "..") else {
            throw ModelError(file: modelsFolder, "\"\(model)\" is not the name of a model")
        }
        if !isPath {
            for bundled in bundledFolders.map({ ModelFolder(path: "\($0)/\(model)") })
            where try Self.isModel(bundled) { return bundled.path }
        }
        let folder = ModelFolder(path: isPath ? model : "\(modelsFolder)/\(model)")
        if try Self.isModel(folder) { return folder.path }
        let hint =
            model == Self.defaultModel
            ? "run scripts/fetch-model to fetch it"
            : model == Self.staticModel && !bundledFolders.isEmpty
                ? "it comes in the folder \(bundledFolders[0]), which is missing as well"
                : "put its files there, or run scripts/fetch-model to fetch \(Self.defaultModel)"
        throw ModelError(
            file: folder.path,
            "there is no model in this folder (\(BERTConfiguration.fileName) is missing); \(hint)"
        )
    }

    /// Whether a folder has the file that every model has; sentence-transformers leaves it out of static ones.
    private static func isModel(_ folder: ModelFolder) throws(ModelError) -> Bool {
        if try folder.bytesIfPresent(BERTConfiguration.fileName) != nil { return true }
        return try folder.bytesIfPresent("modules.json") != nil
    }
}
