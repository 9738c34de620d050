// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System
internal import VectorFiles

#if Compression
internal import CDecompression
#endif

/// The ways in which an input may be compressed, by the ending of its name or its first bytes.
enum Compression: String, CaseIterable {
    case gz, zst

    init?(path: String) {
        guard let dot = path.lastIndex(of: "."),
            let found = Compression(rawValue: path[path.index(after: dot)...].lowercased())
        else { return nil }
        self = found
    }

    init?(firstBytes: [UInt8]) {
        if firstBytes.starts(with: [0x1F, 0x8B]) {
            self = .gz
        } else if firstBytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            // A frame to be skipped, with which pzstd begins.
            || firstBytes.count >= 4 && (0x50...0x5F).contains(firstBytes[0])
                && firstBytes[1...].starts(with: [0x2A, 0x4D, 0x18])
        {
            self = .zst
        } else {
            return nil
        }
    }

    /// Writes what is in a compressed file to a new one.
    ///
    /// - Parameter name: What messages call the file.
    func expand(_ path: String, named name: String, to target: String) throws {
        #if Compression
        let kind = self
        var limit = 0
        let ended = try SpooledFile.make(target, from: path) { source, target, room throws(SystemError) in
            limit = room
            let goesOn: @convention(c) () -> CInt = { Interruption.flag.isCancelled ? 0 : 1 }
            let ended =
                kind == .gz
                ? simile_expand_gzip(source, target, Int64(room), goesOn)
                : simile_expand_zstd(source, target, Int64(room), goesOn)
            if ended == simile_failed { throw SystemError.last("expand", path: name) }
            return ended
        }
        if ended == simile_expanded { return }
        if ended == simile_stopped { throw CancellationError() }
        if ended == simile_too_large {
            throw CommandFailure.failed(
                "\(name): what is in it takes more than \(limit) bytes, which is all the room in the folder for temporary files; "
                    + "TMPDIR names another folder"
            )
        }
        let found =
            ended == simile_truncated ? "one that ends too soon" : "bytes that are none, or a checksum that differs"
        throw CommandFailure.refused("\(name): expected a whole .\(rawValue) file, found \(found)")
        #else
        throw CommandFailure.usage(
            "\(name): compressed files are not read by this build, which was made without the trait Compression"
        )
        #endif
    }
}
