// swift-tools-version: 6.2
import PackageDescription

// Strict settings for every Swift target: `any` is spelled out, an import is internal unless it says otherwise, and
// every unsafe expression is marked. No target has unsafe flags: SwiftPM refuses those in a dependency.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
]

// Packages that only the client of the Model Hub needs.
let hub = TargetDependencyCondition.when(traits: ["ModelHub"])

// Suites whose every byte is the same without traits: scripts/test leaves them out of its pass without traits.
let isLean = Context.environment["SIMILE_LEAN_TESTS"] != nil
let suitesOfDefaultTraits: [Target] = [
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON"], swiftSettings: strict),
    .testTarget(name: "ChartsTests", dependencies: ["Charts"], swiftSettings: strict),
    .testTarget(
        name: "SimilarityServerTests",
        dependencies: ["SimilarityServer", "TextEncoder"],
        swiftSettings: strict
    ),
    .testTarget(
        name: "ReadmeTests",
        dependencies: [
            "Similarity", "TextEncoder", "VectorFiles", "simile", "HubTestSupport",
            .product(name: "FlyingFox", package: "FlyingFox", condition: hub),
        ],
        swiftSettings: strict
    ),
    .testTarget(
        name: "ModelHubTests",
        dependencies: [
            "ModelHub", "Similarity", "HubTestSupport",
            .product(name: "FlyingFox", package: "FlyingFox", condition: hub),
            .product(name: "Logging", package: "swift-log", condition: hub),
        ],
        resources: [.copy("Fixtures")],
        swiftSettings: strict
    ),
]

// One pass of the command line is enough without traits: what engines, formats and levels give.
let commandLineSuitesOfDefaultTraits = [
    "BenchCommandTests.swift", "CompressionTests.swift", "DedupCommandTests.swift", "FieldCaseTests.swift",
    "HubCommandTests.swift", "JobFaultTests.swift", "LostAndFoundTests.swift", "ServeCommandTests.swift",
    "SilentFaultTests.swift",
    "FuzzFindingTests.swift", "UsesCommandTests.swift",
]

let package = Package(
    name: "simile",
    products: [
        .library(name: "Similarity", targets: ["Similarity"]),
        .library(name: "VectorFiles", targets: ["VectorFiles"]),
        .library(name: "SimilarityJobs", targets: ["SimilarityJobs"]),
        .library(name: "TextEncoder", targets: ["TextEncoder"]),
        .library(name: "ModelHub", targets: ["ModelHub"]),
        // The command line is deliberately not a product: a package that depends on this one then never fetches the
        // argument parser.
    ],
    traits: [
        .default(enabledTraits: ["OpenBLAS", "ModelHub", "Compression", "Server"]),
        .trait(name: "OpenBLAS", description: "Use the installed OpenBLAS and LAPACKE for products and eigenvectors."),
        .trait(
            name: "ModelHub",
            description:
                "Build the client of the IONOS AI Model Hub; libcurl, libcrypto and SQLite are loaded when it is used."
        ),
        .trait(
            name: "Compression",
            description: "Let the command line read compressed files, by the installed zlib and libzstd."
        ),
        .trait(
            name: "Server",
            description: "Build 'simile serve'; libmicrohttpd is loaded when it is used."
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Of ModelHub alone; it is not resolved without the trait.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // A server for tests, which no product uses, so that nobody who depends on this package fetches it.
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // Implementation details
        .systemLibrary(
            name: "COpenBLAS",
            pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"])]
        ),
        .systemLibrary(
            name: "CLAPACKE",
            pkgConfig: "lapacke",
            providers: [.apt(["liblapacke-dev"])]
        ),
        .target(name: "CSimilarityKernels"),
        .target(name: "CSystem"),
        // Snappy, and zlib and libzstd of the system, which are loaded when they are needed.
        .target(name: "CCodecs", linkerSettings: [.linkedLibrary("dl")]),
        // The static model that comes with the command line, as files beside it. A target of C, because the bundle of one of Swift brings Foundation.
        .target(name: "CStaticModel", resources: [.copy("Files/static")]),
        // For the command line; empty without the trait.
        .target(
            name: "CDecompression",
            cSettings: [.define("SIMILE_COMPRESSION", .when(traits: ["Compression"]))],
            linkerSettings: [
                .linkedLibrary("z", .when(traits: ["Compression"])),
                .linkedLibrary("zstd", .when(traits: ["Compression"])),
            ]
        ),
        // For the client of the Model Hub: the system's libcurl, libcrypto and libsqlite3, loaded when they are needed. Empty without the trait.
        .target(
            name: "CHubLibraries",
            cSettings: [.define("SIMILE_MODEL_HUB", .when(traits: ["ModelHub"]))]
        ),
        .target(
            name: "HubLibraries",
            dependencies: [.target(name: "CHubLibraries", condition: hub)],
            swiftSettings: strict
        ),
        // For 'simile serve': the system's libmicrohttpd, loaded when it is needed. Empty without the trait.
        .target(
            name: "CHTTPServer",
            cSettings: [.define("SIMILE_SERVER", .when(traits: ["Server"]))]
        ),
        .target(
            name: "HTTPServing",
            dependencies: ["System", .target(name: "CHTTPServer", condition: .when(traits: ["Server"]))],
            swiftSettings: strict
        ),
        // Files, memory, processors, locks and signals, as the system has them.
        .target(name: "System", dependencies: ["CSystem", "CCodecs"], swiftSettings: strict),
        .target(
            name: "SimilarityKernels",
            dependencies: [
                "CSimilarityKernels", "System",
                .target(name: "COpenBLAS", condition: .when(traits: ["OpenBLAS"])),
                .target(name: "CLAPACKE", condition: .when(traits: ["OpenBLAS"])),
            ],
            swiftSettings: strict
        ),
        .target(name: "StrictJSON", swiftSettings: strict),
        .target(name: "Charts", swiftSettings: strict),
        // The loops of the text encoder.
        .target(
            name: "TransformerKernels",
            dependencies: ["CSimilarityKernels", "SimilarityKernels", "System"],
            swiftSettings: strict
        ),
        .target(name: "Parquet", dependencies: ["System"], swiftSettings: strict),
        .target(name: "Safetensors", dependencies: ["System", "StrictJSON"], swiftSettings: strict),

        // Public API
        .target(name: "Similarity", dependencies: ["SimilarityKernels", "System"], swiftSettings: strict),
        .target(
            name: "VectorFiles",
            dependencies: ["Similarity", "SimilarityKernels", "System", "StrictJSON", "Safetensors", "Parquet"],
            swiftSettings: strict
        ),
        .target(
            name: "SimilarityJobs",
            dependencies: ["Similarity", "SimilarityKernels", "System", "StrictJSON", "VectorFiles"],
            swiftSettings: strict
        ),
        .target(
            name: "TextEncoder",
            dependencies: [
                "Similarity", "SimilarityKernels", "TransformerKernels", "System", "StrictJSON", "Safetensors",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ModelHub",
            dependencies: [
                "Similarity", "System", "StrictJSON", "HubLibraries",
                .product(name: "Logging", package: "swift-log", condition: hub),
            ],
            swiftSettings: strict
        ),

        // What 'simile serve' answers: embeddings and neighbors over HTTP.
        .target(
            name: "SimilarityServer",
            dependencies: [
                "HTTPServing", "Similarity", "SimilarityKernels", "StrictJSON", "System", "TextEncoder", "VectorFiles",
            ],
            swiftSettings: strict
        ),

        // The command line
        .executableTarget(
            name: "simile",
            dependencies: [
                "Charts", "Similarity", "SimilarityKernels", "System", "StrictJSON", "VectorFiles", "SimilarityJobs",
                "TextEncoder", "ModelHub", "CStaticModel", "SimilarityServer", "HTTPServing",
                .target(name: "CDecompression", condition: .when(traits: ["Compression"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // Tests
        .target(
            name: "VectorTestSupport",
            dependencies: ["Similarity", "SimilarityKernels", "System"],
            path: "Tests/VectorTestSupport",
            swiftSettings: strict
        ),
        .executableTarget(name: "refused-tiles", path: "Tests/RefusedTiles"),
        // Parsers fed with any bytes: replays findings, and is what scripts/fuzz builds with libFuzzer.
        .executableTarget(
            name: "fuzz-parsers",
            dependencies: [
                "ModelHub", "Parquet", "Safetensors", "Similarity", "SimilarityJobs", "SimilarityServer", "StrictJSON",
                "System", "TextEncoder", "VectorFiles",
            ],
            path: "Tests/FuzzParsers",
            // The driver of libFuzzer takes pointers.
            swiftSettings: Array(strict.dropLast())
        ),
        .testTarget(name: "SystemTests", dependencies: ["System", "VectorTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SimilarityKernelsTests",
            dependencies: ["CSimilarityKernels", "SimilarityKernels", "System", "VectorTestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SimilarityTests",
            dependencies: ["Similarity", "SimilarityKernels", "System", "VectorFiles", "VectorTestSupport"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VectorFilesTests",
            dependencies: ["Similarity", "SimilarityKernels", "System", "VectorFiles", "VectorTestSupport"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ParquetTests",
            dependencies: ["Parquet", "System"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "simile", "Similarity", "VectorFiles", "HubTestSupport",
                .target(name: "CDecompression", condition: .when(traits: ["Compression"])),
                .product(name: "FlyingFox", package: "FlyingFox", condition: hub),
            ],
            exclude: isLean ? commandLineSuitesOfDefaultTraits : [],
            swiftSettings: strict
        ),
        .target(
            name: "HubTestSupport",
            dependencies: [
                .product(name: "FlyingFox", package: "FlyingFox", condition: hub),
                .product(name: "FlyingSocks", package: "FlyingFox", condition: hub),
            ],
            path: "Tests/HubTestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "TextEncoderTests",
            dependencies: [
                "TextEncoder", "TransformerKernels", "Similarity", "SimilarityKernels", "System", "VectorFiles",
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
    ] + (isLean ? [] : suitesOfDefaultTraits),
    swiftLanguageModes: [.v6]
)

// For work on a part: the test suites (and programs) that are named, and no others.
if let chosen = Context.environment["SIMILE_TEST_SUITES"]?.split(separator: ",").map(String.init) {
    package.targets.removeAll { [.test, .executable].contains($0.type) && !chosen.contains($0.name) }
}
