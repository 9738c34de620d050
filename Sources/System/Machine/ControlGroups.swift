// SPDX-License-Identifier: Apache-2.0

/// The control groups that the process is in.
enum ControlGroups {
    /// Version 1 keeps a tree a controller, version 2 one tree for all.
    enum Version {
        case one, two
    }

    /// The folders of the groups that bear on a controller, from that of the process up to the root: each may set a limit.
    static func folders(_ controller: String) -> [(version: Version, path: String)] {
        var folders: [(Version, String)] = []
        for line in kernelText("/proc/self/cgroup")?.split(separator: "\n") ?? [] {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[0] == "0"
            guard isVersion2 || parts[1].split(separator: ",").contains(Substring(controller)) else { continue }
            var group = String(parts[2])
            while true {
                let inside = group == "/" ? "" : group
                folders.append(
                    isVersion2 ? (.two, "/sys/fs/cgroup\(inside)") : (.one, "/sys/fs/cgroup/\(controller)\(inside)")
                )
                guard let slash = group.lastIndex(of: "/"), group != "/" else { break }
                group = slash == group.startIndex ? "/" : String(group[..<slash])
            }
        }
        return folders
    }
}
