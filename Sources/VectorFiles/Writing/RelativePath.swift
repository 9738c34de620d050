// SPDX-License-Identifier: Apache-2.0

internal import System

/// How one file names another so that both can be moved together: by its path from the folder that the first one lies in.
package enum RelativePath {
    /// The path of `path` from the folder of `file`. Links among the folders are resolved; `path` itself may be a link and stays
    /// one, so that a link that is turned elsewhere is seen.
    ///
    /// The name of a tensor behind the path, which may hold slashes, stays as it is.
    package static func of(_ path: String, from file: String) -> String {
        let (folder, name) = split(path.vectorFilePath)
        let target = components(FileIdentity.resolved(folder))
        let start = components(self.folder(of: file))
        let shared = zip(start, target).prefix { $0 == $1 }.count
        let steps = Array(repeating: "..", count: start.count - shared) + target.dropFirst(shared).map(String.init)
        return (steps + [name]).joined(separator: "/") + path.dropFirst(path.vectorFilePath.count)
    }

    /// Where such a path leads; an absolute one stays as it is.
    package static func resolved(_ relative: String, from file: String) -> String {
        if relative.hasPrefix("/") { return relative }
        let tensor = relative.dropFirst(relative.vectorFilePath.count)
        let (name, base) = (components(relative.vectorFilePath), components(folder(of: file)))
        let rises = name.prefix { $0 == ".." }.count
        guard rises <= base.count else { return "/" + name.joined(separator: "/") + tensor }
        return "/" + (base.dropLast(rises) + name.dropFirst(rises)).joined(separator: "/") + tensor
    }

    /// The folder that a file lies in, or will lie in, with all links resolved, its own last.
    private static func folder(of file: String) -> String {
        FileIdentity.resolved(split(FileIdentity.resolved(file)).folder)
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }

    private static func components(_ path: String) -> [Substring] { path.split(separator: "/") }
}
