// SPDX-License-Identifier: Apache-2.0

#pragma once
#include <stddef.h>

// What a process does when it is ended by a fault: it removes its temporary files, and where the fault is a mapped file that
// somebody has shortened, it names the file.
//
// Everything that the handler touches is in static tables, since a handler may neither allocate nor wait for a lock. The tables are
// filled always; handlers are set only by a program that asks for them.

/// Notes a mapped file. Returns its place, or -1 if the table is full or the path is too long.
int fault_handler_add_mapping(const void *start, size_t length, const char *path);

/// Forgets a mapped file; a place of -1 is none.
void fault_handler_remove_mapping(int place);

/// Notes a temporary file; as for mappings.
int fault_handler_add_file(const char *path);

/// Forgets a temporary file.
void fault_handler_remove_file(int place);

/// Sets the handlers of SIGBUS, SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGABRT and SIGSYS, in the place of those of the Swift runtime. A bus
/// error in a mapped file ends the process with `status` after a message that begins with `name`; all else ends it by its signal.
void fault_handler_install(const char *name, int status);
