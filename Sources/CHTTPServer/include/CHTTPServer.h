// SPDX-License-Identifier: Apache-2.0
//
// The functions of the system's libmicrohttpd that `simile serve` calls, as a table that is filled when it is first needed (`dlopen`): no other
// command loads the library, and a machine without it has all of them. The declarations are the library's own.

#ifndef SIMILE_C_HTTP_SERVER_H
#define SIMILE_C_HTTP_SERVER_H

#include <microhttpd.h>

#if MHD_VERSION < 0x00097500
#error "libmicrohttpd 0.9.75 or later is needed, as Debian 12 has it: apt-get install libmicrohttpd-dev"
#endif

#define SIMILE_HTTP_FUNCTIONS(X) \
    X(MHD_add_response_header) X(MHD_create_response_from_buffer) X(MHD_destroy_response) X(MHD_get_daemon_info) \
    X(MHD_get_version) X(MHD_lookup_connection_value) X(MHD_queue_response) X(MHD_quiesce_daemon) X(MHD_start_daemon) \
    X(MHD_stop_daemon)

#define SIMILE_FIELD(function) __typeof__(&(function)) _Nonnull function;
struct simile_http { SIMILE_HTTP_FUNCTIONS(SIMILE_FIELD) };
#undef SIMILE_FIELD

#pragma clang assume_nonnull begin

/// Loads the library and fills the table; called once, before any function of the table. The result is null, or says what is missing.
const char *_Nullable simile_load_http(void);

/// The table.
const struct simile_http *simile_http(void);

/// What a daemon is told at its start, which takes arguments without a type.
struct simile_http_options {
    /// An address as numbers or a name, and a port; 0 for any that is free.
    const char *host;
    unsigned short port;
    /// Connections at once; more wait until one ends.
    unsigned int connections;
    /// Seconds after which a connection ends that nothing comes over.
    unsigned int seconds;
    /// Bytes of a connection for request line and headers.
    size_t header_bytes;
    MHD_AccessHandlerCallback handler;
    MHD_RequestCompletedCallback completed;
    void *context;
};

/// Starts a daemon with a thread for each connection; null if it cannot be, with the reason in `reason`.
struct MHD_Daemon *_Nullable simile_http_start(const struct simile_http_options *options, char *reason, size_t size);

/// The port that it listens on.
unsigned short simile_http_port(struct MHD_Daemon *daemon);

#pragma clang assume_nonnull end

#endif
