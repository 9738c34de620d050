// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Makes folders and lists what is in them.
package enum FolderAccess {
    /// Makes a folder whose parent exists; one that is there already is taken as it is.
    package static func make(_ path: String) throws(SystemError) {
        if unsafe mkdir(path.systemName, 0o777) == 0 { return }
        let error = SystemError.last("make the folder", path: path)
        guard error.code == EEXIST, isFolder(path) else { throw error }
    }

    /// Removes a file, or a folder that is empty; one that is not there, or is not empty, is left.
    package static func remove(_ path: String) {
        if unsafe unlink(path.systemName) != 0 { _ = unsafe rmdir(path.systemName) }
    }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path.systemName, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, without `.` and `..`, in no order.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = unsafe opendir(path.systemName) else { throw .last("list", path: path) }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe FileName.string(pointer: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// A lock that one process at a time holds; the system gives it back when the process ends, however it ends.
package final class FileLock {
    private let descriptor: Int32
    private let path: String

    /// Makes the file if it is not there, and waits for the lock.
    ///
    /// On a file system that knows no locks everybody gets it: what is locked must do no harm when it is done twice.
    package convenience init(_ path: String) throws(SystemError) {
        try self.init(path, operation: LOCK_EX)
    }

    /// The lock, or nil if another process has it.
    package static func attempt(_ path: String) throws(SystemError) -> FileLock? {
        do {
            let lock = try FileLock(path, operation: LOCK_EX | LOCK_NB)
            // Whoever had it may have removed the file meanwhile: then this is a lock of nothing.
            return lock.isOfItsPath ? lock : nil
        } catch {
            guard error.code == EWOULDBLOCK else { throw error }
            return nil
        }
    }

    private init(_ path: String, operation: Int32) throws(SystemError) {
        self.path = path
        descriptor = unsafe open(path.systemName, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .last("open", path: path) }
        while flock(descriptor, operation) != 0 {
            if errno == EINTR { continue }
            if [ENOLCK, ENOTSUP, ENOSYS, EINVAL].contains(errno) { return }
            // A class whose properties are all there is deinitialized, which closes the file.
            throw .last("lock", path: path)
        }
    }

    private var isOfItsPath: Bool {
        var (mine, now) = (stat(), stat())
        return unsafe fstat(descriptor, &mine) == 0 && stat(path.systemName, &now) == 0
            && FileIdentity(mine) == FileIdentity(now)
    }

    /// Removes the file, as its owner.
    package func removeFile() { FolderAccess.remove(path) }

    deinit { close(descriptor) }
}
