// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials

/// Where the certificates of authorities are.
enum CertificateBundle {
    /// The file that libcurl must be told, or nil where it finds certificates by itself. A libcurl of this system looks in the right place; one that
    /// was carried here from another looks where that one has them.
    static let place: String? = {
        guard case .success(let facts) = SystemLibraries.curl else { return nil }
        let exists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }
        return facts.certificatePlaces.contains(where: exists) ? nil : knownPlaces.first(where: exists)
    }()

    private static let knownPlaces = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
        "/etc/pki/tls/certs/ca-bundle.crt",  // Red Hat, Fedora
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Red Hat, Fedora, newer
        "/etc/ssl/ca-bundle.pem",  // SUSE
        "/etc/ssl/cert.pem",  // Alpine
    ]
}
#endif
