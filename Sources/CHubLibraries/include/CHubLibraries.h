// SPDX-License-Identifier: Apache-2.0
//
// The functions of the system's libcurl, libcrypto and libsqlite3 that the client of the Model Hub calls, as tables that are filled when they
// are first needed (`dlopen`).
//
// Linked in the usual way, these three would bring some thirty libraries into every process of `simile`, which seldom talks to a
// network, and a machine that has not got one of them could not start it at all. The declarations are the libraries' own: a table cannot
// differ from them in a type.

#ifndef SIMILE_C_HUB_LIBRARIES_H
#define SIMILE_C_HUB_LIBRARIES_H

#include <curl/curl.h>
#include <openssl/evp.h>
#include <sqlite3.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or later is needed, as Debian 12 has it: apt-get install libcurl4-openssl-dev"
#endif

#define SIMILE_CURL_FUNCTIONS(X) \
    X(curl_easy_cleanup) X(curl_easy_getinfo) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_strerror) X(curl_global_init) \
    X(curl_multi_add_handle) X(curl_multi_cleanup) X(curl_multi_info_read) X(curl_multi_init) X(curl_multi_perform) \
    X(curl_multi_poll) X(curl_multi_remove_handle) X(curl_multi_setopt) X(curl_multi_wakeup) X(curl_slist_append) \
    X(curl_slist_free_all) X(curl_version_info)

#define SIMILE_CRYPTO_FUNCTIONS(X) X(EVP_Digest) X(EVP_sha256) X(OpenSSL_version)

#define SIMILE_SQLITE_FUNCTIONS(X) \
    X(sqlite3_bind_blob64) X(sqlite3_bind_int64) X(sqlite3_bind_text64) X(sqlite3_busy_handler) X(sqlite3_changes64) X(sqlite3_close_v2) \
    X(sqlite3_column_blob) X(sqlite3_column_bytes) X(sqlite3_column_int64) X(sqlite3_column_text) X(sqlite3_errmsg) \
    X(sqlite3_exec) X(sqlite3_extended_errcode) X(sqlite3_finalize) X(sqlite3_last_insert_rowid) X(sqlite3_libversion) \
    X(sqlite3_open_v2) X(sqlite3_prepare_v3) X(sqlite3_reset) X(sqlite3_step) X(sqlite3_clear_bindings)

// Parentheses keep the macros of curl.h, which are called as functions are, from being expanded.
#define SIMILE_FIELD(function) __typeof__(&(function)) _Nonnull function;
struct simile_curl { SIMILE_CURL_FUNCTIONS(SIMILE_FIELD) };
struct simile_crypto { SIMILE_CRYPTO_FUNCTIONS(SIMILE_FIELD) };
struct simile_sqlite { SIMILE_SQLITE_FUNCTIONS(SIMILE_FIELD) };
#undef SIMILE_FIELD

#pragma clang assume_nonnull begin

/// Each loads a library and fills its table; called once, before any function of the table. The result is null, or says what is missing.
const char *_Nullable simile_load_curl(void);
const char *_Nullable simile_load_crypto(void);
const char *_Nullable simile_load_sqlite(void);

/// The tables.
const struct simile_curl *simile_curl(void);
const struct simile_crypto *simile_crypto(void);
const struct simile_sqlite *simile_sqlite(void);

// `curl_easy_setopt` and its relatives take arguments without a type, which Swift cannot pass.
typedef size_t (*simile_curl_receiver)(char *_Nullable bytes, size_t size, size_t count, void *context);

static inline CURLcode simile_curl_set_number(CURL *easy, CURLoption option, long value) {
    return (simile_curl()->curl_easy_setopt)(easy, option, value);
}
static inline CURLcode simile_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return (simile_curl()->curl_easy_setopt)(easy, option, value);
}
static inline CURLcode simile_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return (simile_curl()->curl_easy_setopt)(easy, option, value);
}
static inline CURLcode simile_curl_set_pointer(CURL *easy, CURLoption option, void *_Nullable value) {
    return (simile_curl()->curl_easy_setopt)(easy, option, value);
}
static inline CURLcode simile_curl_set_receiver(CURL *easy, CURLoption option, simile_curl_receiver receiver) {
    return (simile_curl()->curl_easy_setopt)(easy, option, receiver);
}
static inline CURLcode simile_curl_set_progress(CURL *easy, curl_xferinfo_callback callback) {
    return (simile_curl()->curl_easy_setopt)(easy, CURLOPT_XFERINFOFUNCTION, callback);
}
static inline CURLcode simile_curl_set_prerequest(CURL *easy, curl_prereq_callback callback) {
    return (simile_curl()->curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, callback);
}
static inline long simile_curl_number(CURL *easy, CURLINFO info) {
    long value = 0;
    return (simile_curl()->curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : 0;
}
static inline curl_off_t simile_curl_size(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return (simile_curl()->curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : 0;
}
static inline void *_Nullable simile_curl_context(CURL *easy) {
    char *value = NULL;
    return (simile_curl()->curl_easy_getinfo)(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}
static inline void simile_curl_limit_connections(CURLM *multi, long kept) {
    (simile_curl()->curl_multi_setopt)(multi, CURLMOPT_MAXCONNECTS, kept);
}
/// What has ended; `message->data` is a union, which Swift reads by this.
static inline CURLcode simile_curl_result(const CURLMsg *message) { return message->data.result; }

/// Sockets are not for programs that the process starts: `CURLOPT_SOCKOPTFUNCTION`.
void simile_curl_close_on_exec(CURL *easy);

/// For a thread of our own, at its start: it gets a name of at most 15 characters, and no signals. Those of the process are for its other
/// threads, and a broken pipe, which OpenSSL can raise, must not end it.
void simile_enter_thread(const char *name);

#pragma clang assume_nonnull end

#endif
