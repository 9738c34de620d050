// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import CHubLibraries

/// The system's libcurl, libcrypto and libsqlite3: which there are. Each is loaded when it is first needed.
package enum SystemLibraries {
    /// A library that is not on this machine, or cannot be used.
    package struct Missing: Error, Sendable, CustomStringConvertible {
        /// What is missing and what to install.
        package let description: String
    }

    /// The release of libcurl, e.g. `7.88.1`; nil if it is not there.
    package static var curlVersion: String? {
        guard case .success(let facts) = curl else { return nil }
        return facts.version
    }

    /// What libcurl encrypts with, e.g. `OpenSSL/3.0.17`; nil if libcurl is not there.
    package static var tlsVersion: String? {
        guard case .success(let facts) = curl else { return nil }
        return facts.tls
    }

    /// The release of libcrypto, e.g. `OpenSSL 3.0.17 1 Jul 2025`; nil if it is not there.
    package static var cryptoVersion: String? {
        guard case .success = crypto else { return nil }
        return unsafe simile_crypto().pointee.OpenSSL_version(0).map { unsafe String(cString: $0) }
    }

    /// The release of SQLite, e.g. `3.40.1`; nil if it is not there.
    package static var sqliteVersion: String? {
        guard case .success = sqlite else { return nil }
        return unsafe simile_sqlite().pointee.sqlite3_libversion().map { unsafe String(cString: $0) }
    }

    /// What is known of libcurl once it is loaded.
    struct CurlFacts: Sendable {
        let version: String
        let tls: String?
        /// Where it looks for certificates of authorities if it is not told, a file or a folder.
        let certificatePlaces: [String]
    }

    static let curl: Result<CurlFacts, Missing> = {
        if let missing = unsafe simile_load_curl() {
            return .failure(described(unsafe String(cString: missing)))
        }
        let functions = unsafe simile_curl()
        // CURL_GLOBAL_ALL; its initializer is a macro that Swift does not see.
        guard unsafe functions.pointee.curl_global_init(3).rawValue == 0,
            let found = unsafe functions.pointee.curl_version_info(CURLVERSION_TENTH)
        else { return .failure(Missing(description: "libcurl cannot be started")) }
        let version = unsafe text(found.pointee.version) ?? "of an unknown version"
        // 7.87: ranges in `no_proxy` (7.86), and an end of a transfer that does not wait for a name to be resolved.
        guard unsafe found.pointee.version_num >= 0x075700 else {
            return .failure(Missing(description: "libcurl 7.87 or later is needed, found \(version)"))
        }
        return .success(
            CurlFacts(
                version: version,
                tls: unsafe text(found.pointee.ssl_version),
                certificatePlaces: unsafe [text(found.pointee.cainfo), text(found.pointee.capath)].compactMap { $0 }
            )
        )
    }()

    static let crypto: Result<Void, Missing> = unsafe loaded(simile_load_crypto())
    static let sqlite: Result<Void, Missing> = unsafe loaded(simile_load_sqlite())

    private static func loaded(_ missing: UnsafePointer<CChar>?) -> Result<Void, Missing> {
        guard let missing = unsafe missing else { return .success(()) }
        return .failure(described(unsafe String(cString: missing)))
    }

    private static func described(_ missing: String) -> Missing {
        Missing(
            description: "\(missing); the Model Hub needs libcurl, libcrypto and SQLite "
                + "(on Debian: apt-get install libcurl4 libssl3 libsqlite3-0 ca-certificates)"
        )
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }
}
#endif
