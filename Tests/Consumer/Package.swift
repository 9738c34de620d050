// swift-tools-version: 6.2
import PackageDescription

// A package that depends on Simile and uses its core alone. scripts/check-consumer builds it twice: as most people
// would, by an address and a version, and with no traits, where nothing but Simile itself may be resolved.
let isLean = Context.environment["SIMILE_CONSUMER_LEAN"] != nil
let address = Context.environment["SIMILE_CONSUMER_ADDRESS"]

let package = Package(
    name: "Consumer",
    dependencies: [
        isLean
            ? .package(name: "simile", path: "../..", traits: [])
            : address.map { .package(url: $0, exact: "1000.0.0") } ?? .package(name: "simile", path: "../..")
    ],
    targets: [
        .executableTarget(name: "Consumer", dependencies: [.product(name: "Similarity", package: "simile")])
    ],
    swiftLanguageModes: [.v6]
)
