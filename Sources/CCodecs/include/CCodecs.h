// SPDX-License-Identifier: Apache-2.0
//
// Blocks of bytes, compressed and expanded in memory. Snappy is here; zlib and libzstd are the system's, loaded when a block first needs them, so that
// nobody needs them to build or to start.

#ifndef C_CODECS_H
#define C_CODECS_H

#include <stddef.h>
#include <stdint.h>

/// How a block came out.
enum simile_block {
    simile_block_whole = 0,
    /// The bytes are not what the format has, or are not as many as they should be.
    simile_block_damaged = 1,
    /// The library is not on this machine.
    simile_block_no_library = 2,
};

/// target <- the `target_count` bytes that a Snappy block of `source_count` bytes stands for; both may be empty.
/// Format: https://github.com/google/snappy/blob/main/format_description.txt
enum simile_block simile_expand_snappy(const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count);

/// The same of gzip members, one or several, or of a zlib stream.
enum simile_block simile_expand_gzip_block(const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count);

/// The same of zstd frames.
enum simile_block simile_expand_zstd_block(const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count);

/// The most bytes that `count` ones may take compressed by zstd; 0 if the library is not there.
size_t simile_zstd_bound(size_t count);

/// target <- the bytes as a zstd frame; gives how many, or 0 if that failed.
size_t simile_compress_zstd(const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count);

#endif
