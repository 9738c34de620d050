// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What makes two paths the same file: device and inode, links followed.
package struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    /// The file that a path leads to, or nil if there is none.
    package init?(path: String) {
        var status = stat()
        guard unsafe stat(path.systemName, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// A path with all links resolved. Of a path that leads nowhere the last link is followed, and any that it leads to,
    /// so that a link to a file that is still to be made names that file.
    package static func resolved(_ path: String) -> String {
        var path = path
        for _ in 0..<40 {
            if let real = unsafe realpath(path.systemName, nil) {
                defer { unsafe free(real) }
                return unsafe FileName.string(pointer: real)
            }
            guard let target = linkTarget(path) else { break }
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
            path = target.hasPrefix("/") ? target : folder + target
        }
        return path
    }

    /// What a symbolic link holds, or nil if the path is none.
    private static func linkTarget(_ path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(byteCount: 4097, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = unsafe readlink(path.systemName, start.assumingMemoryBound(to: CChar.self), buffer.count)
            guard count > 0 else { return nil }
            return unsafe FileName.string(Array(buffer[..<count]))
        }
    }
}
