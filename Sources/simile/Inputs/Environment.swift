// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

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

    /// Whether colors are welcome on a terminal (https://no-color.org).
    static var allowsColor: Bool {
        let variables = ProcessInfo.processInfo.environment
        return variables["NO_COLOR", default: ""].isEmpty && variables["TERM"] != "dumb"
    }
}
