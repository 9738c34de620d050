// SPDX-License-Identifier: Apache-2.0

// Empty without the trait Server: then the header of the library need not be there.
#ifdef SIMILE_SERVER

#define _GNU_SOURCE
#include "CHTTPServer.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static char missing[256];
static struct simile_http table;

const struct simile_http *simile_http(void) { return &table; }

#define SIMILE_FIND(function)                                                                          \
    *(void **)&found.function = dlsym(library, #function);                                             \
    if (!found.function) {                                                                             \
        snprintf(missing, sizeof missing, "libmicrohttpd has no function " #function ": it is too old"); \
        return missing;                                                                                \
    }

const char *simile_load_http(void) {
    void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        snprintf(missing, sizeof missing, "%s", dlerror());
        return missing;
    }
    struct simile_http found;
    SIMILE_HTTP_FUNCTIONS(SIMILE_FIND)
    table = found;
    return NULL;
}

// The library tells of clients that went away and the like, which is nobody's fault.
static void ignore(void *context, const char *format, va_list arguments) {
    (void)context;
    (void)format;
    (void)arguments;
}

struct MHD_Daemon *simile_http_start(const struct simile_http_options *options, char *reason, size_t size) {
    char port[8];
    snprintf(port, sizeof port, "%hu", options->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *address = NULL;
    int failure = getaddrinfo(options->host, port, &hints, &address);
    if (failure) {
        snprintf(reason, size, "%s", gai_strerror(failure));
        return NULL;
    }
    unsigned int flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ITC
        | MHD_USE_ERROR_LOG | (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    errno = 0;
    struct MHD_Daemon *daemon = (table.MHD_start_daemon)(
        flags, options->port, NULL, NULL, options->handler, options->context,
        MHD_OPTION_EXTERNAL_LOGGER, ignore, NULL,
        MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_NOTIFY_COMPLETED, options->completed, options->context,
        MHD_OPTION_CONNECTION_LIMIT, options->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, options->seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->header_bytes,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    if (!daemon) snprintf(reason, size, "%s", errno ? strerror(errno) : "the server cannot be started");
    freeaddrinfo(address);
    return daemon;
}

unsigned short simile_http_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = (table.MHD_get_daemon_info)(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

#endif
