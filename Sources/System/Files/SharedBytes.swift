// SPDX-License-Identifier: Apache-2.0

internal import CSystem

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Immutable bytes with a stable address, released with the last reference: a memory-mapped file or memory of our own.
///
/// `@unchecked Sendable`, like `DisjointBase` and `WritableImage` of the kernels: the bytes are written only before `init` returns and never again.
@safe package final class SharedBytes: @unchecked Sendable {
    package let byteCount: Int
    @usableFromInline let base: UnsafeMutableRawPointer
    private let isMapped: Bool
    /// Where the mapping is noted for the case of a fault.
    private let place: Int32
    /// The file as it was when it was mapped.
    private let source: (path: String, identity: FileIdentity, status: FileStatus)?

    /// Maps a whole regular file for reading. A file of zero bytes gives no bytes.
    ///
    /// The caller must not rely on the contents if another process truncates the file meanwhile: reading beyond the new
    /// end ends the process, as with any mapping.
    package init(mapping path: String) throws(SystemError) {
        // Without O_NONBLOCK a pipe that nobody writes to would hold the call for ever.
        let descriptor = unsafe open(path.systemName, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .last("open", path: path) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last("examine", path: path) }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw SystemError("read", path: path, code: EISDIR) }
        guard kind == S_IFREG else { throw SystemError("map (it is not a regular file)", path: path, code: EINVAL) }
        byteCount = Int(status.st_size)
        isMapped = byteCount > 0
        source = (path, FileIdentity(status), FileStatus(status))
        guard byteCount > 0 else {
            unsafe base = Block.allocate(0)
            place = -1
            return
        }
        guard let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0),
            unsafe address != MAP_FAILED
        else { throw .last("map", path: path) }
        unsafe base = address
        place = unsafe fault_handler_add_mapping(address, byteCount, path.systemName)
    }

    /// Whether the file that was mapped has been written to since. A file that was put in its place changes nothing: the mapping
    /// is of the old one.
    package var hasChanged: Bool {
        guard let source, FileIdentity(path: source.path) == source.identity else { return false }
        return FileStatus(path: source.path) != source.status
    }

    /// The path that was mapped; nil for memory.
    package var path: String? { source?.path }

    /// Memory for `count` floats, 64-byte aligned, filled by `initialize`, which must write all of them.
    package init<E: Error>(
        floatCount count: Int,
        initializingWith initialize: (inout MutableSpan<Float>) throws(E) -> Void
    ) throws(E) {
        byteCount = count * MemoryLayout<Float>.stride
        isMapped = false
        place = -1
        source = nil
        unsafe base = Block.allocate(byteCount)
        let floats = unsafe base.bindMemory(to: Float.self, capacity: count)
        var span = unsafe MutableSpan(_unsafeStart: floats, count: count)
        try initialize(&span)
    }

    /// `byteCount` bytes, zeros at first, 64-byte aligned, that `initialize` writes.
    package init<E: Error>(
        byteCount: Int,
        initializingWith initialize: (UnsafeMutableRawPointer) throws(E) -> Void
    ) throws(E) {
        self.byteCount = byteCount
        isMapped = false
        place = -1
        source = nil
        unsafe base = Block.allocate(byteCount)
        try unsafe initialize(base)
    }

    /// A copy of `values`, 64-byte aligned.
    package init<Element: BitwiseCopyable>(copying values: [Element]) {
        byteCount = values.count * MemoryLayout<Element>.stride
        isMapped = false
        place = -1
        source = nil
        unsafe base = Block.allocate(byteCount)
        unsafe values.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { unsafe base.copyMemory(from: start, byteCount: bytes.count) }
        }
    }

    deinit {
        if isMapped {
            fault_handler_remove_mapping(place)
            unsafe munmap(base, byteCount)
        } else {
            unsafe Block.deallocate(base, byteCount)
        }
    }

    /// The first byte. Valid as long as the object is.
    @inlinable package var start: UnsafeRawPointer { unsafe UnsafeRawPointer(base) }

    /// Calls `body` with all bytes.
    package func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        let bytes = unsafe UnsafeBufferPointer(
            start: start.assumingMemoryBound(to: UInt8.self),
            count: byteCount
        )
        return try body(unsafe Span(_unsafeElements: bytes))
    }
}

extension SharedBytes {
    /// A copy of some of the bytes.
    ///
    /// - Precondition: the range is inside the file.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        return unsafe Array(UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
    }

    /// The little-endian integer whose lowest byte stands at `place`.
    ///
    /// - Precondition: all of its bytes are inside.
    package func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self, at place: Int) -> T {
        withBytes { $0.integer(type, at: place) }
    }
}

/// Memory of zeros, at a multiple of 64 bytes. Large blocks are pages of their own, which the system gives as zeros when they are first touched; others are
/// filled. Large pages (`MADV_HUGEPAGE`) were measured and left: 460 MB take 0.15 s less in runs one after the other, and half a second more
/// in runs that alternate with other programs on a virtual machine.
private enum Block {
    private static let threshold = 4 << 20

    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        if byteCount >= threshold,
            let address = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            unsafe address != MAP_FAILED
        {
            return unsafe address
        }
        precondition(byteCount < threshold, "no memory for \(byteCount) bytes")
        let base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        return unsafe base
    }

    static func deallocate(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
        if byteCount >= threshold { unsafe munmap(base, byteCount) } else { unsafe base.deallocate() }
    }
}
