// SPDX-License-Identifier: Apache-2.0

#pragma once

/// Gives a file another name if nothing has that name; else -1, with EEXIST in `errno`.
int rename_if_new(const char *from, const char *to);
