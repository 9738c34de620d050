// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import FoundationEssentials

/// The base address of the service, checked and in one form: with a path, without a slash at its end.
package struct HubEndpoint: Sendable, Equatable {
    /// E.g. `https://host/v1`; never holds a user name or a password.
    package let base: String

    /// The server without a path, for messages, e.g. `https://host:8443`.
    package let origin: String
    private let host: String

    /// Whether nobody on the way can read what is sent: it is encrypted, or does not leave the machine.
    package var isPrivate: Bool { isEncrypted || isOnThisMachine }
    var isEncrypted: Bool { origin.hasPrefix("https:") }

    private var isOnThisMachine: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]"
            || parts.count == 4 && parts[0] == 127 && !parts.contains(nil)
    }

    var embeddings: String { base + "/embeddings" }
    var models: String { base + "/models" }

    package init(_ address: String) throws {
        func wrong(_ reason: String) -> HubError {
            HubError(.wrongAddress, "'\(Self.withoutCredentials(address))' is not the address of a service: \(reason)")
        }
        guard let url = URL(string: address), let scheme = url.scheme?.lowercased(), let host = url.host(),
            !host.isEmpty
        else { throw wrong("expected something like \(HubConfiguration.ionosAddress)") }
        guard scheme == "https" || scheme == "http" else { throw wrong("expected https or http, found \(scheme)") }
        guard url.user() == nil, url.password() == nil else {
            throw wrong("it holds a user name or a password; give the token in IONOS_API_TOKEN")
        }
        guard url.query() == nil, url.fragment() == nil else {
            throw wrong("a query or a fragment cannot be part of it")
        }
        var path = url.path()
        while path.hasSuffix("/") { path.removeLast() }
        if path.isEmpty { path = "/v1" }
        let port = url.port.map { ":\($0)" } ?? ""
        self.host = Self.inBrackets(host.lowercased())
        origin = "\(scheme)://\(self.host)\(port)"
        base = origin + path
    }

    /// Where a redirect leads if the token may go there: the same host and port, and no step from https to http.
    package func sameHost(_ location: String, from address: String) -> String? {
        guard let origin = URL(string: address), let target = URL(string: location, relativeTo: origin)?.absoluteURL,
            target.host()?.lowercased() == origin.host()?.lowercased(), target.user() == nil, target.password() == nil,
            target.scheme == origin.scheme && target.port == origin.port
        else { return nil }
        return target.absoluteString
    }

    /// The host of an address, for messages.
    static func host(of location: String) -> String { URL(string: location)?.host() ?? "an unreadable address" }

    /// A literal of IPv6 as it stands in an address.
    private static func inBrackets(_ host: String) -> String {
        host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    }

    private static func withoutCredentials(_ address: String) -> String {
        address.lastIndex(of: "@").map { "..." + address[$0...] } ?? address
    }
}
#endif
