// SPDX-License-Identifier: Apache-2.0

#include "allocator.h"

#include <features.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

void allocator_keep_freed_blocks(void) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}
