// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "rename_if_new.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int rename_if_new(const char *from, const char *to) {
    // RENAME_NOREPLACE; not every C library has the function.
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1);
}
