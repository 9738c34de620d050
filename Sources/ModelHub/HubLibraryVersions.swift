// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import HubLibraries

/// The libraries of the system that the client stands on, as they are found on this machine. They are loaded when they are first needed; asking
/// here loads them.
public enum HubLibraryVersions {
    /// The release of libcurl, which sends requests, e.g. `7.88.1`; nil if it is not there, or before 7.87.
    public static var curl: String? { SystemLibraries.curlVersion }
    /// What libcurl encrypts with, e.g. `OpenSSL/3.0.17`.
    public static var tls: String? { SystemLibraries.tlsVersion }
    /// The release of libcrypto, which makes SHA-256 of texts, e.g. `OpenSSL 3.0.17 1 Jul 2025`.
    public static var crypto: String? { SystemLibraries.cryptoVersion }
    /// The release of SQLite, which keeps vectors, e.g. `3.40.1`.
    public static var sqlite: String? { SystemLibraries.sqliteVersion }
}
#endif
