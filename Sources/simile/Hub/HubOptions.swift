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

    @Option(parsing: .unconditional, help: "Requests to the hub a second; 0 lifts the limit.")
    var hubRate: Double = 5

    @Option(parsing: .unconditional, help: "Texts in a request to the hub, 1 to 2048.")
    var hubBatch: Int = 96

    @Option(
        parsing: .unconditional,
        help: "Components to ask the hub for; only models that can shorten their vectors take it."
    )
    var dimensions: Int?

    @Option(
        help: "What vectors from the hub may take in the cache; those not used for longest go first. (default: 10GiB)"
    )
    var hubCacheSize: MemorySize?

    @Flag(help: "Send the token of the hub over http, too, to other machines: everybody on the way can read it.")
    var hubInsecure = false

    @Flag(help: "Neither look for vectors in the cache of the hub nor keep them there.")
    var noHubCache = false

    mutating func validate() throws {
        if !(0...1e6).contains(hubRate) {
            throw ValidationError("--hub-rate is \(hubRate); it must be from 0 to 1000000")
        }
        if !(1...2048).contains(hubBatch) {
            throw ValidationError("--hub-batch is \(hubBatch); it must be from 1 to 2048")
        }
        if let dimensions, !(1...65_536).contains(dimensions) {
            throw ValidationError("--dimensions is \(dimensions); it must be from 1 to 65536")
        }
    }
}
