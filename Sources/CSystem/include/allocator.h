// SPDX-License-Identifier: Apache-2.0

#pragma once

/// Has the allocator keep freed blocks of up to 32 MiB, and up to 256 MiB of them, for those that are asked for next. Nothing where the
/// C library is not glibc.
void allocator_keep_freed_blocks(void);
