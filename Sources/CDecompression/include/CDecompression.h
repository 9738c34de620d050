// SPDX-License-Identifier: Apache-2.0
//
// What is in a compressed file, written to another one: the system's zlib and libzstd behind two functions that take open files, so that
// no pointer crosses the border.

#ifndef SIMILE_C_DECOMPRESSION_H
#define SIMILE_C_DECOMPRESSION_H

/// How an expansion ended.
enum simile_expansion {
    simile_expanded = 0,
    /// The bytes are not what the format has, or their checksum is another.
    simile_damaged = 1,
    /// The file ends too soon.
    simile_truncated = 2,
    /// Reading, writing or the memory failed: see `errno`.
    simile_failed = 3,
    /// `goes_on` said no.
    simile_stopped = 4,
    /// There is more than there is room for.
    simile_too_large = 5,
};

/// Expands a gzip file, of one member or several, to at most `room` bytes. `goes_on` is asked before every block and gives 0 to stop.
enum simile_expansion simile_expand_gzip(int source, int target, long long room, int (*goes_on)(void));

/// Expands a zstd file, of one frame or several.
enum simile_expansion simile_expand_zstd(int source, int target, long long room, int (*goes_on)(void));

#endif
