// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Size and time of a file, links followed.
package struct FileStatus: Equatable, Sendable {
    package let byteCount: Int
    /// When the contents were last written: nanoseconds since 1970.
    package let modificationTime: Int64

    /// The status of the file that a path leads to, or nil if there is none.
    package init?(path: String) {
        var status = stat()
        guard unsafe stat(path.systemName, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        byteCount = Int(status.st_size)
        modificationTime = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }
}

/// What tells whether a file has been touched between two looks, whoever put its time back: the file itself, its size, and when its
/// contents and its properties were last changed.
package struct FileMark: Equatable, Sendable {
    private let identity: FileIdentity
    private let status: FileStatus
    /// Set by the system at every change, and by nobody else.
    private let changeTime: Int64

    /// The mark of the file that a path leads to, or nil if there is none.
    package init?(path: String) {
        var status = stat()
        guard unsafe stat(path.systemName, &status) == 0 else { return nil }
        identity = FileIdentity(status)
        self.status = FileStatus(status)
        changeTime = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    }
}
