// SPDX-License-Identifier: Apache-2.0

#include "CDecompression.h"

#ifdef SIMILE_COMPRESSION

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { block = 1 << 18 };

/// Reads up to a block; -1 if that fails.
static ssize_t read_some(int source, unsigned char *bytes) {
    ssize_t count;
    do count = read(source, bytes, block);
    while (count < 0 && errno == EINTR);
    return count;
}

static int write_all(int target, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(target, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

enum simile_expansion simile_expand_gzip(int source, int target, long long room, int (*goes_on)(void)) {
    unsigned char *in = malloc(2 * block), *out = in ? in + block : NULL;
    z_stream stream = {0};
    // 15 bits of window, and 16 for the header of gzip.
    if (!in || inflateInit2(&stream, 15 + 16) != Z_OK) {
        free(in);
        errno = ENOMEM;
        return simile_failed;
    }
    enum simile_expansion result = simile_failed;
    int is_between_members = 0;
    for (;;) {
        if (!goes_on()) {
            result = simile_stopped;
            break;
        }
        if (stream.avail_in == 0) {
            const ssize_t count = read_some(source, in);
            if (count < 0) break;
            if (count == 0) {
                result = is_between_members ? simile_expanded : simile_truncated;
                break;
            }
            stream.next_in = in;
            stream.avail_in = (unsigned)count;
        }
        if (is_between_members) {
            // Tapes and disks fill up the last block with zeros, which belong to no member.
            while (stream.avail_in > 0 && *stream.next_in == 0) {
                stream.next_in++;
                stream.avail_in--;
            }
            if (stream.avail_in == 0) continue;
            if (inflateReset(&stream) != Z_OK) break;
        }
        is_between_members = 0;
        stream.next_out = out;
        stream.avail_out = block;
        const int status = inflate(&stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
            if (status == Z_MEM_ERROR) errno = ENOMEM;
            else result = simile_damaged;
            break;
        }
        const size_t made = block - stream.avail_out;
        if ((room -= (long long)made) < 0) {
            result = simile_too_large;
            break;
        }
        if (write_all(target, out, made) != 0) break;
        is_between_members = status == Z_STREAM_END;
    }
    const int reason = errno;
    inflateEnd(&stream);
    free(in);
    errno = reason;
    return result;
}

enum simile_expansion simile_expand_zstd(int source, int target, long long room, int (*goes_on)(void)) {
    unsigned char *in = malloc(2 * block), *out = in ? in + block : NULL;
    ZSTD_DStream *stream = ZSTD_createDStream();
    enum simile_expansion result = simile_failed;
    if (!in || !stream) {
        errno = ENOMEM;
        goto done;
    }
    // Windows of `zstd --long=31` too, which is all that there are: the memory is taken as far as a frame needs it.
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, sizeof(size_t) == 4 ? 30 : 31);
    // Not 0 while a frame is not whole.
    size_t wanted = 1;
    for (;;) {
        const ssize_t count = read_some(source, in);
        if (count < 0) goto done;
        if (count == 0) break;
        ZSTD_inBuffer input = {in, (size_t)count, 0};
        ZSTD_outBuffer output;
        do {
            if (!goes_on()) {
                result = simile_stopped;
                goto done;
            }
            output = (ZSTD_outBuffer){out, block, 0};
            wanted = ZSTD_decompressStream(stream, &output, &input);
            if (ZSTD_isError(wanted)) {
                if (ZSTD_getErrorCode(wanted) == ZSTD_error_memory_allocation) errno = ENOMEM;
                else result = simile_damaged;
                goto done;
            }
            if ((room -= (long long)output.pos) < 0) {
                result = simile_too_large;
                goto done;
            }
            if (write_all(target, out, output.pos) != 0) goto done;
            // A full buffer may leave more behind.
        } while (input.pos < input.size || output.pos == output.size);
    }
    result = wanted == 0 ? simile_expanded : simile_truncated;
done:;
    const int reason = errno;
    ZSTD_freeDStream(stream);
    free(in);
    errno = reason;
    return result;
}

#endif
