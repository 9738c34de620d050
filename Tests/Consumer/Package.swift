// swift-tools-version: 6.2
import PackageDescription

// A package that depends on Simile and uses its core alone. scripts/check-consumer builds it twice: as most people
// would, and with no traits, where nothing but Simile itself may be resolved.
let isLean = Context.environment["SIMILE_CONSUMER_LEAN"] != nil

let package = Package(
    name: "Consumer",
    dependencies: [
        isLean
            ? .package(name: "simile", path: "../..", traits: [])
            : .package(name: "simile", path: "../..")
    ],
    targets: [
        .executableTarget(name: "Consumer", dependencies: [.product(name: "Similarity", package: "simile")])
    ],
    swiftLanguageModes: [.v6]
)
