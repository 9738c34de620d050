// SPDX-License-Identifier: Apache-2.0

#include "CCodecs.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

// MARK: Snappy

enum simile_block simile_expand_snappy(
    const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count) {
    size_t in = 0, out = 0;
    uint64_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (in >= source_count || shift > 28) return simile_block_damaged;
        const uint8_t byte = source[in++];
        length |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) break;
    }
    if (length != target_count) return simile_block_damaged;
    while (in < source_count) {
        const uint8_t tag = source[in++];
        if ((tag & 3) == 0) {
            size_t count = (size_t)(tag >> 2) + 1;
            if (count > 60) {
                const size_t bytes = count - 60;
                if (source_count - in < bytes) return simile_block_damaged;
                count = 0;
                for (size_t i = 0; i < bytes; i++) count |= (size_t)source[in + i] << (8 * i);
                count += 1;
                in += bytes;
            }
            if (source_count - in < count || target_count - out < count) return simile_block_damaged;
            memcpy(target + out, source + in, count);
            in += count;
            out += count;
            continue;
        }
        size_t count, offset, bytes = tag & 3;
        if (bytes == 3) bytes = 4;
        if (source_count - in < bytes) return simile_block_damaged;
        if (bytes == 1) {
            count = (size_t)((tag >> 2) & 7) + 4;
            offset = (size_t)(tag >> 5) << 8 | source[in];
        } else {
            count = (size_t)(tag >> 2) + 1;
            offset = 0;
            for (size_t i = 0; i < bytes; i++) offset |= (size_t)source[in + i] << (8 * i);
        }
        in += bytes;
        if (offset == 0 || offset > out || target_count - out < count) return simile_block_damaged;
        if (offset >= count) {
            memcpy(target + out, target + out - offset, count);
        } else {
            // The copy runs into what it writes.
            for (size_t i = 0; i < count; i++) target[out + i] = target[out + i - offset];
        }
        out += count;
    }
    return out == target_count ? simile_block_whole : simile_block_damaged;
}

// MARK: The libraries

/// As zlib.h has it, which has not changed since zlib 1.
struct z_stream {
    const uint8_t *next_in;
    unsigned avail_in;
    unsigned long total_in;
    uint8_t *next_out;
    unsigned avail_out;
    unsigned long total_out;
    const char *msg;
    void *state, *zalloc, *zfree, *opaque;
    int data_type;
    unsigned long adler, reserved;
};

static struct {
    int (*inflate_init)(struct z_stream *, int, const char *, int);
    int (*inflate)(struct z_stream *, int);
    int (*inflate_reset)(struct z_stream *);
    int (*inflate_end)(struct z_stream *);
    size_t (*decompress)(void *, size_t, const void *, size_t);
    size_t (*compress)(void *, size_t, const void *, size_t, int);
    size_t (*bound)(size_t);
    unsigned (*is_error)(size_t);
} libraries;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *zlib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
    if (zlib) {
        *(void **)&libraries.inflate = dlsym(zlib, "inflate");
        *(void **)&libraries.inflate_reset = dlsym(zlib, "inflateReset");
        *(void **)&libraries.inflate_end = dlsym(zlib, "inflateEnd");
        *(void **)&libraries.inflate_init = dlsym(zlib, "inflateInit2_");
    }
    void *zstd = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (zstd) {
        *(void **)&libraries.decompress = dlsym(zstd, "ZSTD_decompress");
        *(void **)&libraries.compress = dlsym(zstd, "ZSTD_compress");
        *(void **)&libraries.bound = dlsym(zstd, "ZSTD_compressBound");
        *(void **)&libraries.is_error = dlsym(zstd, "ZSTD_isError");
    }
}

enum simile_block simile_expand_gzip_block(
    const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count) {
    pthread_once(&once, load);
    if (!libraries.inflate_init || !libraries.inflate || !libraries.inflate_reset || !libraries.inflate_end)
        return simile_block_no_library;
    if (source_count > UINT32_MAX || target_count > UINT32_MAX) return simile_block_damaged;
    struct z_stream stream = {.next_in = source, .avail_in = (unsigned)source_count};
    // A place to write to, even if nothing is to be written.
    uint8_t nothing;
    stream.next_out = target_count ? target : &nothing;
    stream.avail_out = (unsigned)target_count;
    // 15 bits of window; 32 more tell gzip and zlib apart.
    if (libraries.inflate_init(&stream, 15 + 32, "1.2.11", (int)sizeof stream) != 0) return simile_block_damaged;
    int status;
    while ((status = libraries.inflate(&stream, 4 /* Z_FINISH */)) == 1 && stream.avail_in > 0) {
        if (libraries.inflate_reset(&stream) != 0) break;
    }
    libraries.inflate_end(&stream);
    return status == 1 && stream.avail_out == 0 ? simile_block_whole : simile_block_damaged;
}

enum simile_block simile_expand_zstd_block(
    const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count) {
    pthread_once(&once, load);
    if (!libraries.decompress || !libraries.is_error) return simile_block_no_library;
    const size_t count = libraries.decompress(target, target_count, source, source_count);
    return !libraries.is_error(count) && count == target_count ? simile_block_whole : simile_block_damaged;
}

size_t simile_zstd_bound(size_t count) {
    pthread_once(&once, load);
    return libraries.bound && libraries.compress && libraries.is_error ? libraries.bound(count) : 0;
}

size_t simile_compress_zstd(const uint8_t *source, size_t source_count, uint8_t *target, size_t target_count) {
    pthread_once(&once, load);
    if (!libraries.compress || !libraries.is_error) return 0;
    const size_t count = libraries.compress(target, target_count, source, source_count, 3);
    return libraries.is_error(count) ? 0 : count;
}
