// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// Where the hub is and how it is treated. The defaults are those of the IONOS AI Model Hub and of bulk work.
public struct HubConfiguration: Sendable {
    /// The base address that is documented by IONOS.
    public static let ionosAddress = "https://openai.inference.de-txl.ionos.com/v1"

    /// Base address of an OpenAI-compatible service: `/embeddings` and `/models` are below it. `/v1` is added to an address
    /// without a path.
    public var address = Self.ionosAddress
    /// Sent as `Authorization: Bearer`; nil sends none, for servers that want none.
    public var token: HubToken?
    /// Whether the token may be sent over `http`, where everybody on the way can read it. To the machine itself (`localhost`,
    /// 127.0.0.0/8, ::1) it always may.
    public var allowsUnencryptedToken = false
    /// What requests go through; it gets no token.
    public var proxy = HubProxy.none
    /// A file with the certificates of authorities (PEM) that servers are held against; nil takes the system's.
    public var certificateFile: String?

    /// Requests a second that are begun in the long run; nil means that nothing is paced.
    public var requestsPerSecond: Double? = 5
    /// Requests that may be begun at once after a pause; at least 1.
    public var burst = 10
    /// Requests under way at the same time, at most; at least 1. Slow answers do not cost the rate as long as this is above the rate
    /// times the seconds of an answer. Where answers take more than half of ``secondsPerAttempt``, fewer are sent at once.
    public var requestsInFlight = 16

    /// Texts in a request, 1 to 2,048.
    public var textsPerRequest = 96
    /// Tokens in a request, by an estimate that is rather too high: a token for every two bytes of UTF-8.
    public var tokensPerRequest = 250_000

    /// Times that a request is tried in all; at least 1.
    public var attempts = 6
    /// Seconds from the start of an attempt to the last byte of its answer.
    public var secondsPerAttempt = 60.0

    /// The defaults.
    public init() {}

    /// Refuses numbers that cannot be, which a client would trap on or wait for.
    func requireValid() throws(HubError) {
        func require(_ isValid: Bool, _ name: String, _ value: some CustomStringConvertible, _ expected: String)
            throws(HubError)
        {
            if !isValid { throw HubError(.invalidConfiguration, "\(name) is \(value); expected \(expected)") }
        }
        let rate = requestsPerSecond
        try require(rate.map { $0 > 0 && $0.isFinite } ?? true, "requestsPerSecond", rate ?? 0, "more than 0, or nil")
        try require(burst >= 1, "burst", burst, "at least 1")
        try require(requestsInFlight >= 1, "requestsInFlight", requestsInFlight, "at least 1")
        try require(1...2048 ~= textsPerRequest, "textsPerRequest", textsPerRequest, "1 to 2048")
        try require(tokensPerRequest >= 1, "tokensPerRequest", tokensPerRequest, "at least 1")
        try require(attempts >= 1, "attempts", attempts, "at least 1")
        try require(
            secondsPerAttempt > 0 && secondsPerAttempt.isFinite,
            "secondsPerAttempt",
            secondsPerAttempt,
            "more than 0"
        )
    }

    /// - Throws: ``HubError`` of the kind `wrongAddress` or `unencrypted`.
    func endpoint() throws -> HubEndpoint {
        let endpoint = try HubEndpoint(address)
        guard token == nil || endpoint.isPrivate || allowsUnencryptedToken else {
            throw HubError(
                .unencrypted,
                "the token is not sent unencrypted to \(endpoint.base): expected https, or an address of this machine"
            )
        }
        return endpoint
    }
}

/// A proxy between the client and the hub.
public struct HubProxy: Sendable, Hashable {
    enum Choice: Sendable, Hashable {
        case none
        case environment
        case address(String)
    }

    let choice: Choice

    /// Requests go to the hub themselves.
    public static let none = HubProxy(choice: .none)

    /// What `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` say, in the way of libcurl: `no_proxy` holds names, suffixes of names,
    /// addresses, ranges such as `10.0.0.0/8`, and `*`.
    public static let environment = HubProxy(choice: .environment)

    /// A proxy such as `http://[user:password@]host:3128` or `socks5h://host:1080`.
    public static func address(_ address: String) -> HubProxy { HubProxy(choice: .address(address)) }
}
#endif
