// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import Logging
internal import ModelHub
internal import System

/// The hub as the command line reaches it: options first, then the environment.
struct HubConnection: Sendable {
    let client: ModelHubClient

    /// - Throws: ``CommandFailure``, exit 3, if there is no token.
    init(_ options: HubOptions, _ running: RunningOptions) throws {
        var configuration = HubConfiguration()
        configuration.address = options.hubUrl ?? Environment.hubAddress ?? HubConfiguration.ionosAddress
        configuration.token = try Self.token()
        configuration.allowsUnencryptedToken = options.hubInsecure
        configuration.proxy = .environment
        configuration.certificateFile = Environment.value("SSL_CERT_FILE")
        if let rate = options.hubRate { configuration.requestsPerSecond = rate == 0 ? nil : rate }
        if let texts = options.hubBatch { configuration.textsPerRequest = texts }
        if let requests = options.hubParallel { configuration.requestsInFlight = requests }
        if let seconds = options.hubTimeout { configuration.secondsPerAttempt = seconds }
        let isQuiet = running.quiet
        let logger = Logger(label: "simile.hub", factory: { _ in HubLog(isQuiet: isQuiet) })
        do {
            client = try ModelHubClient(configuration, cache: Self.cache(options, logger), logger: logger)
        } catch let error as HubError where error.code == .unencrypted {
            throw CommandFailure.usage("\(error.message); --hub-insecure sends it all the same")
        }
    }

    /// The cache; nil if none is wanted, or none can be opened, which is told: vectors are to be had all the same.
    private static func cache(_ options: HubOptions, _ logger: Logger) throws -> EmbeddingCache? {
        if options.noHubCache { return nil }
        do {
            return try EmbeddingCache(path: Environment.hubCachePath(), byteLimit: options.cacheByteLimit)
        } catch let error as HubError where error.code == .cache {
            logger.warning("\(error.message); vectors are neither looked for in it nor kept")
            return nil
        }
    }

    private static func token() throws -> HubToken {
        guard let variable = Environment.hubTokenVariables.first(where: { Environment.value($0) != nil }) else {
            throw CommandFailure.refused(
                "no token for the Model Hub: set IONOS_API_TOKEN (the token manager of the IONOS Data Center Designer makes "
                    + "one). The local model needs none: leave out --model"
            )
        }
        guard let token = Environment.value(variable).flatMap({ HubToken($0) }) else {
            throw CommandFailure.refused(
                "\(variable) holds no token: expected printable characters without spaces between them, found others"
            )
        }
        return token
    }
}

extension HubOptions {
    /// Bytes that vectors may take in the cache.
    var cacheByteLimit: Int { hubCacheSize?.bytes ?? EmbeddingCache.defaultByteLimit }
}

/// Warnings of the client, on standard error.
private struct HubLog: LogHandler {
    let isQuiet: Bool
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if !isQuiet { StandardStream.error.print("simile: \(event.message)\n") }
    }
}
#endif
