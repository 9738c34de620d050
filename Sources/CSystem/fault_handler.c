// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "fault_handler.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define PLACES 128

// A place is free (0), being filled (1) or in use (2).
struct place {
    _Atomic int state;
    uintptr_t start;
    size_t length;
    char path[PATH_BYTES];
};

static struct place mappings[PLACES];
static struct place files[PLACES];
static char program[64];
static int refused_status;
static _Atomic int is_ending;

static int add(struct place *table, uintptr_t start, size_t length, const char *path) {
    size_t count = strlen(path);
    if (count >= PATH_BYTES) return -1;
    for (int i = 0; i < PLACES; i++) {
        int free = 0;
        if (!atomic_compare_exchange_strong(&table[i].state, &free, 1)) continue;
        table[i].start = start;
        table[i].length = length;
        memcpy(table[i].path, path, count + 1);
        atomic_store(&table[i].state, 2);
        return i;
    }
    return -1;
}

static void removed(struct place *table, int place) {
    if (place >= 0) atomic_store(&table[place].state, 0);
}

int fault_handler_add_mapping(const void *start, size_t length, const char *path) {
    return add(mappings, (uintptr_t)start, length, path);
}

void fault_handler_remove_mapping(int place) { removed(mappings, place); }

int fault_handler_add_file(const char *path) { return add(files, 0, 0, path); }

void fault_handler_remove_file(int place) { removed(files, place); }

static void say(const char *text) {
    // Nobody can be told if this fails.
    if (write(2, text, strlen(text)) < 0) return;
}

static void handle(int number, siginfo_t *info, void *context) {
    (void)context;
    // The first fault ends the process; other threads that fault meanwhile wait for that.
    if (atomic_exchange(&is_ending, 1)) {
        for (;;) pause();
    }
    for (int i = 0; i < PLACES; i++) {
        if (atomic_load(&files[i].state) == 2) unlink(files[i].path);
    }
    if (number == SIGBUS) {
        uintptr_t address = (uintptr_t)info->si_addr;
        for (int i = 0; i < PLACES; i++) {
            struct place *map = &mappings[i];
            if (atomic_load(&map->state) != 2 || address < map->start || address - map->start >= map->length) continue;
            say(program);
            say(": ");
            say(map->path);
            say(": expected the file to stay as long as it was, found that it has been shortened while it was read\n");
            _exit(refused_status);
        }
    }
    signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    _exit(128 + number);
}

void fault_handler_install(const char *name, int status) {
    strncpy(program, name, sizeof program - 1);
    refused_status = status;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    int numbers[] = {SIGBUS, SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}
