// SPDX-License-Identifier: Apache-2.0

// What the tests of the client share: a clock that never waits, and a client of a server on loopback.

#if ModelHub
import HubTestSupport
import Logging
import ModelHub
import Similarity
import Synchronization

/// Time that passes only when somebody sleeps, and then at once.
final class VirtualClock: Sendable {
    private let state = Mutex<(now: Duration, sleeps: [Duration])>((.zero, []))
    let wallSeconds = 1_696_004_797.0  // 2023-09-29T16:26:37Z

    var now: Duration { state.withLock { $0.now } }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func advance(_ duration: Duration) { state.withLock { $0.now += duration } }

    var clock: HubClock {
        HubClock(
            now: { self.now },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock {
                    $0.now += duration
                    $0.sleeps.append(duration)
                }
                await Task.yield()
            },
            wallSeconds: { self.wallSeconds },
            chance: { 1 }
        )
    }
}

let secret = "eyJhbGciOi.secret-token_0123456789"

/// A client of a server, on a clock of its own.
func client(
    _ address: String,
    cache: EmbeddingCache? = nil,
    clock: VirtualClock = VirtualClock(),
    logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    _ change: (inout HubConfiguration) -> Void = { _ in }
) throws -> ModelHubClient {
    var configuration = HubConfiguration()
    configuration.address = address
    configuration.token = HubToken(secret)
    change(&configuration)
    return try ModelHubClient(configuration, cache: cache, logger: logger, clock: clock.clock)
}

extension HubEmbeddings {
    var rows: [[Float]] { (0..<vectors.rowCount).map { vectors[$0] } }
}

/// The error of an operation that must fail.
func failure(_ operation: () async throws -> some Any) async -> HubError? {
    do {
        _ = try await operation()
        return nil
    } catch {
        return error as? HubError
    }
}

/// Keeps what is logged.
struct RecordingLog: LogHandler {
    let record: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(_ record: @escaping @Sendable (String) -> Void) { self.record = record }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { record("\(event.message) \(event.metadata ?? [:])") }
}
#endif
