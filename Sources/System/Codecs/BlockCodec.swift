// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// How blocks of a file are compressed.
package enum BlockCodec: Sendable {
    case snappy, gzip, zstd

    /// Why a block cannot be expanded.
    package enum Failure: Error {
        /// It is not what the format has, or has another number of bytes than was said.
        case damaged
        /// The library for it is not on this machine.
        case noLibrary(String)
    }

    /// The `count` bytes that a block stands for.
    package func expand(_ block: borrowing Span<UInt8>, to count: Int) throws(Failure) -> [UInt8] {
        precondition(count >= 0)
        var status = simile_block_whole
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(count, 1)) { target, initialized in
            unsafe block.withUnsafeBufferPointer { source in
                guard let output = target.baseAddress else { return }
                // A place to read from, even if nothing is there.
                let input = unsafe source.baseAddress ?? UnsafePointer(output)
                switch self {
                case .snappy: status = unsafe simile_expand_snappy(input, source.count, output, count)
                case .gzip: status = unsafe simile_expand_gzip_block(input, source.count, output, count)
                case .zstd: status = unsafe simile_expand_zstd_block(input, source.count, output, count)
                }
            }
            initialized = status == simile_block_whole ? count : 0
        }
        switch status {
        case simile_block_whole: return bytes
        case simile_block_no_library: throw .noLibrary(self == .gzip ? "libz.so.1" : "libzstd.so.1")
        default: throw .damaged
        }
    }

    /// The bytes as a zstd frame; nil if the library is not there.
    package static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        let bound = simile_zstd_bound(bytes.count)
        guard bound > 0 else { return nil }
        let frame = unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, initialized in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let output = target.baseAddress else { return }
                let input = unsafe source.baseAddress ?? UnsafePointer(output)
                initialized = unsafe simile_compress_zstd(input, source.count, output, bound)
            }
        }
        return frame.isEmpty ? nil : frame
    }
}
