// SPDX-License-Identifier: Apache-2.0
//
// A library for LD_PRELOAD that makes the world worse: calls that fail now and then as a full or failing disk, a read-only folder and a
// network mount make them fail, and a clock that jumps. For scripts/test-faults.
//
// FAULTS_KINDS: some of full (ENOSPC, short writes), failing (EIO), readonly (EROFS of what makes or changes files), nolocks (flock is
// unknown), falselocks (flock says yes to everybody), nolinks (no hard links), interrupted (EINTR), clock (jumps by years).
// FAULTS_RATE: one call in so many fails, of the kinds that are by chance. FAULTS_SEED: where chance begins.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int has(const char *kind) {
    const char *kinds = getenv("FAULTS_KINDS");
    return kinds != NULL && strstr(kinds, kind) != NULL;
}

static atomic_uint_fast64_t drawn;

static uint64_t draw(void) {
    const char *seed = getenv("FAULTS_SEED");
    uint64_t x = (seed ? strtoull(seed, NULL, 10) : 1) * 0x9E3779B97F4A7C15u + atomic_fetch_add(&drawn, 1) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static int chance(void) {
    const char *rate = getenv("FAULTS_RATE");
    uint64_t one_in = rate ? strtoull(rate, NULL, 10) : 20;
    return one_in != 0 && draw() % one_in == 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(code) do { errno = (code); return -1; } while (0)

// What is written to a terminal, a pipe or /dev/null is no file on the disk that is full.
static int is_file(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (is_file(descriptor)) {
        if (has("interrupted") && chance()) FAIL(EINTR);
        if (has("full") && chance()) {
            if (count > 1 && draw() % 2) return NEXT(write)(descriptor, bytes, count / 2);
            FAIL(ENOSPC);
        }
        if (has("failing") && chance()) FAIL(EIO);
    }
    return NEXT(write)(descriptor, bytes, count);
}

int fsync(int descriptor) {
    if (has("failing") && chance()) FAIL(EIO);
    if (has("full") && chance()) FAIL(ENOSPC);
    return NEXT(fsync)(descriptor);
}

int close(int descriptor) {
    int is_written = has("full") && is_file(descriptor) && (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
    int status = NEXT(close)(descriptor);
    // As a network mount says it, which sends the last bytes when a file is closed.
    if (is_written && chance()) FAIL(EDQUOT);
    return status;
}

int rename(const char *from, const char *to) {
    if (has("readonly")) FAIL(EROFS);
    if (has("failing") && chance()) FAIL(EIO);
    return NEXT(rename)(from, to);
}

int link(const char *from, const char *to) {
    if (has("readonly")) FAIL(EROFS);
    if (has("nolinks")) FAIL(EPERM);
    if (has("failing") && chance()) FAIL(EIO);
    return NEXT(link)(from, to);
}

int unlink(const char *path) {
    if (has("readonly")) FAIL(EROFS);
    if (has("failing") && chance()) FAIL(EIO);
    return NEXT(unlink)(path);
}

int mkdir(const char *path, mode_t mode) {
    if (has("readonly")) FAIL(EROFS);
    if (has("full") && chance()) FAIL(ENOSPC);
    return NEXT(mkdir)(path, mode);
}

int flock(int descriptor, int operation) {
    if (has("nolocks")) FAIL(draw() % 2 ? ENOLCK : EINVAL);
    if (has("falselocks")) return 0;
    if (has("interrupted") && chance()) FAIL(EINTR);
    return NEXT(flock)(descriptor, operation);
}

static int opened(int (*next)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    if (flags & (O_CREAT | O_WRONLY | O_RDWR) && strncmp(path, "/dev/", 5) != 0) {
        if (has("readonly")) FAIL(EROFS);
        if (has("full") && flags & O_CREAT && chance()) FAIL(ENOSPC);
        if (has("failing") && chance()) FAIL(EMFILE);
    }
    return next(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(NEXT(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(NEXT(open64), path, flags, mode);
}

static int64_t jump(void) { return (int64_t)(draw() % 2000000000) - 1000000000; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = NEXT(clock_gettime)(clock, now);
    if (status == 0 && clock == CLOCK_REALTIME && has("clock") && chance()) now->tv_sec += jump();
    return status;
}

time_t time(time_t *now) {
    time_t found = NEXT(time)(NULL);
    if (has("clock") && chance()) found += jump();
    if (now) *now = found;
    return found;
}
