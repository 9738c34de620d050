// SPDX-License-Identifier: Apache-2.0

internal import CSystem

/// Memory as the kernel counts it.
package enum SystemMemory {
    /// Bytes that can be taken without swapping, or nil if the kernel does not say.
    package static var available: Int? { kibibytes("MemAvailable:", in: "/proc/meminfo") }

    /// Bytes of this process that are not pages of a file: anonymous and shared memory that has been touched.
    package static var unshared: Int? {
        guard let anonymous = kibibytes("RssAnon:", in: "/proc/self/status") else { return nil }
        return anonymous + (kibibytes("RssShmem:", in: "/proc/self/status") ?? 0)
    }

    /// A line such as `RssAnon:     1234 kB`, in bytes.
    static func kibibytes(_ name: String, in path: String) -> Int? {
        for line in kernelText(path)?.split(separator: "\n") ?? [] where line.hasPrefix(name) {
            let number = line.dropFirst(name.count).split(whereSeparator: \.isWhitespace).first
            return number.flatMap { Int($0) }.map { $0 << 10 }
        }
        return nil
    }
}

extension SystemMemory {
    /// Has the allocator keep blocks of up to 32 MiB that are freed for those that are asked for next, in the place of giving their pages back: scratch of a
    /// page or a batch is freed and asked for over and over, and pages that come back are cleared each time. For a program of our own, at its
    /// start; a library leaves that to the program.
    package static func keepFreedBlocks() {
        allocator_keep_freed_blocks()
    }
}
