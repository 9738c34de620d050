// SPDX-License-Identifier: Apache-2.0

internal import CSystem
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The temporary files that exist now, so that a process that must end at once can remove them.
package final class TemporaryFiles: Sendable {
    /// The places where they are noted for the case of a fault.
    private let paths = Mutex<[String: Int32]>([:])

    package init() {}

    /// Notes a file.
    package func insert(_ path: String) {
        let place = unsafe fault_handler_add_file(path.systemName)
        paths.withLock { $0[path] = place }
    }

    func remove(_ path: String) {
        if let place = paths.withLock({ $0.removeValue(forKey: path) }) { fault_handler_remove_file(place) }
    }

    /// Removes all of them.
    package func removeAll() {
        for path in paths.withLock({ $0.keys }) { unsafe unlink(path.systemName) }
    }
}

/// A file being written beside its final place, under a name of its own; renamed by ``publish()``, else removed.
package final class TemporaryFile {
    private let target: String
    private let temporary: String
    private var descriptor: Int32
    private let registry: TemporaryFiles?
    private var isPublished = false

    /// Creates an empty file in the folder of `path`. A symbolic link is followed, so that publishing replaces the file
    /// and keeps the link.
    package init(beside path: String, registry: TemporaryFiles?) throws(SystemError) {
        let target = FileIdentity.resolved(path)
        var status = stat()
        let replaces = unsafe stat(target.systemName, &status) == 0
        if replaces, status.st_mode & S_IFMT != S_IFREG {
            throw SystemError("write (it is not a regular file)", path: path, code: EINVAL)
        }
        let slash = target.lastIndex(of: "/")
        let folder = slash.map { String(target[...$0]) } ?? ""
        let name = slash.map { String(target[target.index(after: $0)...]) } ?? target
        // Room for the rest within the 255 bytes of a name: a scalar has at most four.
        let shortened = String(String.UnicodeScalarView(name.unicodeScalars.prefix(50)))
        temporary = "\(folder).\(shortened).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        self.target = target
        self.registry = registry
        registry?.insert(temporary)
        descriptor = unsafe open(temporary.systemName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            registry?.remove(temporary)
            throw .last("create a file beside it", path: path)
        }
        if replaces {
            // What takes the place of a file belongs to whom the file did, where that is allowed, and is as open or closed. The
            // owner first: a change of owner takes mode bits away.
            if status.st_uid != geteuid() || status.st_gid != getegid() {
                _ = fchown(descriptor, status.st_uid, status.st_gid)
            }
            fchmod(descriptor, status.st_mode & 0o7777)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isPublished { unsafe unlink(temporary.systemName) }
        registry?.remove(temporary)
    }

    /// Appends all bytes.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeAll(bytes, to: descriptor, path: target)
    }

    /// What has been written so far, mapped.
    package func mapped() throws(SystemError) -> SharedBytes { try SharedBytes(mapping: temporary) }

    /// Writes bytes over the first ones; the end stays where it is.
    package func overwriteStart(_ bytes: Span<UInt8>) throws(SystemError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .last("seek in", path: target) }
        try writeAll(bytes, to: descriptor, path: target)
        guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw .last("seek in", path: target) }
    }

    /// Forces the contents to the disk. File systems that cannot (some pipes and network mounts) are left alone.
    package func sync() throws(SystemError) {
        if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { throw .last("sync", path: target) }
        let status = close(descriptor)
        descriptor = -1
        if status != 0, errno != EINTR { throw .last("close", path: target) }
    }

    /// Gives the file its name, replacing what had it, and syncs the folder.
    package func publish() throws(SystemError) {
        guard unsafe rename(temporary.systemName, target.systemName) == 0 else {
            throw .last("rename the finished file", path: target)
        }
        isPublished = true
        syncFolder()
    }

    /// Gives the file its name if nothing has that name; false if something has. Of two processes exactly one gets true.
    package func publishIfNew() throws(SystemError) -> Bool {
        guard unsafe link(temporary.systemName, target.systemName) == 0 else {
            if errno == EEXIST { return false }
            // Where a file has one name, as on FAT.
            if [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(errno) { return try renameIfNew() }
            throw .last("name the finished file", path: target)
        }
        // The temporary name is removed with this object.
        syncFolder()
        return true
    }

    private func renameIfNew() throws(SystemError) -> Bool {
        if unsafe rename_if_new(temporary.systemName, target.systemName) == 0 {
            isPublished = true
            syncFolder()
            return true
        }
        if errno == EEXIST { return false }
        throw .last("name the finished file", path: target)
    }

    private func syncFolder() {
        let slash = target.lastIndex(of: "/")
        let folder = unsafe open(
            (slash.map { String(target[...$0]) } ?? ".").systemName,
            O_RDONLY | O_DIRECTORY | O_CLOEXEC
        )
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// Removes a file if it is there.
    package static func removeIfPresent(_ path: String) throws(SystemError) {
        if unsafe unlink(path.systemName) != 0, errno != ENOENT { throw .last("remove the older file", path: path) }
    }
}
