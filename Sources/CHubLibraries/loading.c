// SPDX-License-Identifier: Apache-2.0

// Empty without the trait ModelHub: then the headers of the three libraries need not be there.
#ifdef SIMILE_MODEL_HUB

#define _GNU_SOURCE
#include "CHubLibraries.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

// Three libraries are loaded at most once each, in any order: a text of each thread.
static _Thread_local char missing[256];

/// The first of up to two names that the system knows. A library stays loaded: it may have threads and handlers.
static void *loaded(const char *name, const char *other) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    // The other name is a makeshift: what is told is about the first.
    if (!library) snprintf(missing, sizeof missing, "%s", dlerror());
    if (!library && other) library = dlopen(other, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return library;
}

// Fills a field of a table, or leaves the function with what is missing.
#define SIMILE_FIND(function)                                                                         \
    *(void **)&table.function = dlsym(library, #function);                                            \
    if (!table.function) {                                                                            \
        snprintf(missing, sizeof missing, "%s has no function " #function ": it is too old", name);   \
        return missing;                                                                               \
    }

// A table, what gives it, and what fills it.
#define SIMILE_LIBRARY(short_name, FUNCTIONS, first_name, other_name)                  \
    static struct simile_##short_name short_name##_table;                              \
    const struct simile_##short_name *simile_##short_name(void) {                      \
        return &short_name##_table;                                                    \
    }                                                                                  \
    const char *simile_load_##short_name(void) {                                       \
        const char *name = first_name;                                                 \
        void *library = loaded(name, other_name);                                      \
        if (!library) return missing;                                                  \
        struct simile_##short_name table;                                              \
        FUNCTIONS(SIMILE_FIND)                                                         \
        short_name##_table = table;                                                    \
        return NULL;                                                                   \
    }

SIMILE_LIBRARY(curl, SIMILE_CURL_FUNCTIONS, "libcurl.so.4", "libcurl-gnutls.so.4")
SIMILE_LIBRARY(crypto, SIMILE_CRYPTO_FUNCTIONS, "libcrypto.so.3", "libcrypto.so.1.1")
SIMILE_LIBRARY(sqlite, SIMILE_SQLITE_FUNCTIONS, "libsqlite3.so.0", NULL)

static int close_on_exec(void *context, curl_socket_t descriptor, curlsocktype purpose) {
    (void)context;
    (void)purpose;
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

void simile_curl_close_on_exec(CURL *easy) {
    (simile_curl()->curl_easy_setopt)(easy, CURLOPT_SOCKOPTFUNCTION, close_on_exec);
}

void simile_enter_thread(const char *name) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_setname_np(pthread_self(), name);
}

#endif
