// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// How the Model Hub is used, where `--model hub:MODEL_ID` asks for it.
struct HubOptions: ParsableArguments {
    /// What a model of the hub begins with on the command line.
    static let prefix = "hub:"

    @Option(
        help:
            "Base address of the Model Hub, or of any OpenAI-compatible service. (default: $IONOS_API_BASE_URL, else IONOS)"
    )
    var hubUrl: String?

    @Option(parsing: .unconditional, help: "Requests to the hub a second; 0 lifts the limit. (default: 5)")
    var hubRate: Double?

    @Option(parsing: .unconditional, help: "Texts in a request to the hub, 1 to 2048. (default: 96)")
    var hubBatch: Int?

    @Option(
        parsing: .unconditional,
        help: "Requests to the hub that are under way at once, at most; fewer where answers are slow. (default: 16)"
    )
    var hubParallel: Int?

    @Option(
        parsing: .unconditional,
        help: "Seconds that an answer of the hub may take, to its last byte. (default: 60)"
    )
    var hubTimeout: Double?

    @Option(
        parsing: .unconditional,
        help: "Components to ask the hub for; only models that can shorten their vectors take it."
    )
    var dimensions: Int?

    @Option(
        help:
            "What vectors from the hub may take in the cache; those not used for longest go first. (default: 10GiB) They are known by address, model and text: where the service puts another model behind the same name, 'simile cache clear --model NAME' drops the old ones."
    )
    var hubCacheSize: MemorySize?

    @Flag(help: "Send the token of the hub over http, too, to other machines: everybody on the way can read it.")
    var hubInsecure = false

    @Flag(help: "Neither look for vectors in the cache of the hub nor keep them there.")
    var noHubCache = false

    /// The first option that is given; nil if none is.
    var given: String? {
        let options: [(name: String, isGiven: Bool)] = [
            ("--dimensions", dimensions != nil), ("--hub-url", hubUrl != nil), ("--hub-rate", hubRate != nil),
            ("--hub-batch", hubBatch != nil), ("--hub-parallel", hubParallel != nil),
            ("--hub-timeout", hubTimeout != nil), ("--hub-cache-size", hubCacheSize != nil),
            ("--hub-insecure", hubInsecure), ("--no-hub-cache", noHubCache),
        ]
        return options.first(where: \.isGiven)?.name
    }

    mutating func validate() throws {
        if let hubRate, hubRate != 0, !(1e-6...1e6).contains(hubRate) {
            throw ValidationError("--hub-rate is \(hubRate); it must be 0, or from 0.000001 to 1000000")
        }
        if let hubParallel, !(1...1024).contains(hubParallel) {
            throw ValidationError("--hub-parallel is \(hubParallel); it must be from 1 to 1024")
        }
        if let hubTimeout, !(0.001...86_400).contains(hubTimeout) {
            throw ValidationError("--hub-timeout is \(hubTimeout); it must be from 0.001 to 86400 seconds")
        }
        if let hubBatch, !(1...2048).contains(hubBatch) {
            throw ValidationError("--hub-batch is \(hubBatch); it must be from 1 to 2048")
        }
        if let dimensions, !(1...65_536).contains(dimensions) {
            throw ValidationError("--dimensions is \(dimensions); it must be from 1 to 65536")
        }
    }
}
