// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Inputs that cannot be mapped: standard input, pipes and devices. They are copied to a file first.
package enum SpooledFile {
    /// Whether a path leads to something that has no end that can be known: a pipe, a terminal, a socket.
    package static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path.systemName, &status) == 0 else { return false }
        return [S_IFIFO, S_IFCHR, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }

    /// Copies a stream, or standard input for nil, to a new file that only its owner may read.
    ///
    /// - Returns: The first bytes, at most 16.
    package static func copy(_ path: String?, to target: String) throws(SystemError) -> [UInt8] {
        let name = path ?? "standard input"
        let source = path.map { unsafe open($0.systemName, O_RDONLY | O_CLOEXEC) } ?? 0
        guard source >= 0 else { throw .last("open", path: name) }
        defer { if path != nil { close(source) } }
        let copy = unsafe open(target.systemName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard copy >= 0 else { throw .last("create a copy of \(name)", path: target) }
        defer { close(copy) }
        let room = room(at: copy)
        var written = 0
        var first: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = unsafe block.withUnsafeMutableBytes { unsafe read(source, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last("read", path: name) }
            if count == 0 { return first }
            if first.isEmpty { first = Array(block[..<min(count, 16)]) }
            written += count
            guard written <= room else {
                throw SystemError(
                    "keep more than \(room) bytes of \(name), which may have no end",
                    path: target,
                    code: ENOSPC
                )
            }
            let bytes = Array(block[..<count])
            try writeAll(bytes.span, to: copy, path: target)
        }
    }

    /// Bytes that the folder of an open file may be filled with. Some stay free: others write there too.
    private static func room(at file: Int32) -> Int {
        var status = statvfs()
        guard unsafe fstatvfs(file, &status) == 0 else { return .max }
        let (free, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: status.f_frsize)
        )
        return overflow ? .max : max(0, free - max(64 << 20, free / 50))
    }

    /// Makes a new file, which only its owner may read, of another one: `body` gets both, open, and how many bytes there is room for.
    package static func make<R>(
        _ target: String,
        from path: String,
        _ body: (_ source: Int32, _ target: Int32, _ room: Int) throws(SystemError) -> R
    ) throws(SystemError) -> R {
        let source = unsafe open(path.systemName, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .last("open", path: path) }
        defer { close(source) }
        let copy = unsafe open(target.systemName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard copy >= 0 else { throw .last("create a copy of \(path)", path: target) }
        defer { close(copy) }
        return try body(source, copy, room(at: copy))
    }

    /// The first bytes of a file, at most 16.
    package static func start(of path: String) throws(SystemError) -> [UInt8] {
        let source = unsafe open(path.systemName, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .last("open", path: path) }
        defer { close(source) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(source, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw .last("read", path: path) }
        return Array(bytes[..<count])
    }

    /// Gives a regular file a second name, so that it can be read as what it is.
    package static func link(_ path: String, as target: String) throws(SystemError) {
        guard unsafe symlink(FileIdentity.resolved(path).systemName, target.systemName) == 0 else {
            throw .last("make a link for \(path)", path: target)
        }
    }

    /// Gives a copy its final name.
    package static func move(_ path: String, to target: String) throws(SystemError) {
        guard unsafe rename(path.systemName, target.systemName) == 0 else { throw .last("rename", path: target) }
    }

    /// The number of this process.
    package static var processNumber: Int32 { getpid() }
}
