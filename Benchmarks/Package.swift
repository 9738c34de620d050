// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing it needs enters the graph of a user. It sees what users see: the public products.
let package = Package(
    name: "simile-benchmarks",
    dependencies: [
        .package(name: "simile", path: "../"),
        // Without traits it replaces no allocator; its malloc counts then read 0 and say nothing.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "SimilarityBenchmarks",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Similarity", package: "simile"),
                .product(name: "VectorFiles", package: "simile"),
            ],
            path: "SimilarityBenchmarks",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .strictMemorySafety(),
            ],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    ],
    swiftLanguageModes: [.v6]
)
