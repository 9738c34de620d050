// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import System
internal import TextEncoder

/// What the command line takes from the environment; the libraries take nothing, but for the instruction-set level of tests.
enum Environment {
    /// `${XDG_CACHE_HOME:-~/.cache}`.
    static func cacheFolder() throws -> String {
        let variables = ProcessInfo.processInfo.environment
        // The specification tells to ignore a path that is not absolute.
        if let folder = variables["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder }
        guard let home = variables["HOME"], !home.isEmpty else {
            throw CommandFailure.failed("neither XDG_CACHE_HOME nor HOME is set: no place to look for models")
        }
        return home + "/.cache"
    }

    /// Where models are: those that come with the executable, in the folder that the package manager makes beside it or in `share` beside its own
    /// folder, and those of the cache.
    static func modelLocation() throws -> ModelLocation {
        let executable = FileIdentity.resolved("/proc/self/exe").split(separator: "/").dropLast().map(String.init)
        let folder = "/" + executable.joined(separator: "/")
        return ModelLocation(
            cacheFolder: try cacheFolder(),
            bundledFolders: ["\(folder)/simile_CStaticModel.resources", "\(folder)/../share/simile/models"]
        )
    }

    /// The model on this machine that is asked for. If none is, and the default model is not there, the static one stands in for it.
    ///
    /// - Throws: `ModelError` if there is none.
    static func localModel(_ name: String?) throws -> (name: String, folder: String, standsIn: Bool) {
        let location = try modelLocation()
        if let name { return (name, try location.folder(of: name), false) }
        do {
            return (ModelLocation.defaultModel, try location.folder(), false)
        } catch {
            let name = ModelLocation.staticModel
            guard let folder = try? location.folder(of: name) else { throw error }
            return (name, folder, true)
        }
    }

    /// A variable that is set to something.
    static func value(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// What is in a folder, in order, hidden files aside; nothing if it cannot be read.
    static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Variables that may hold the token of the hub, the first one that is set counts.
    static let hubTokenVariables = ["IONOS_API_TOKEN", "IONOS_API_KEY", "IONOS_TOKEN"]

    /// The base address of the hub.
    static var hubAddress: String? { value("IONOS_API_BASE_URL") }

    /// The file that keeps vectors from the hub.
    static func hubCachePath() throws -> String {
        let folder = try cacheFolder() + "/simile"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure.failed("the folder \(folder) for the cache of the hub cannot be made: \(error)")
        }
        return folder + "/hub-embeddings.sqlite"
    }

    /// Whether colors are welcome on a terminal (https://no-color.org).
    static var allowsColor: Bool {
        let variables = ProcessInfo.processInfo.environment
        return variables["NO_COLOR", default: ""].isEmpty && variables["TERM"] != "dumb"
    }
}
