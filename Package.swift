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

let package = Package(
    name: "simile",
    products: [
        .library(name: "Similarity", targets: ["Similarity"]),
        .library(name: "VectorFiles", targets: ["VectorFiles"]),
        .library(name: "TextEncoder", targets: ["TextEncoder"]),
        // The command line is deliberately not a product: a package that depends on this one then never fetches the
        // argument parser.
    ],
    traits: [
        .default(enabledTraits: ["OpenBLAS"]),
        .trait(name: "OpenBLAS", description: "Use the installed OpenBLAS and LAPACKE for products and eigenvectors."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
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
        .target(
            name: "SimilarityKernels",
            dependencies: [
                "CSimilarityKernels",
                .target(name: "COpenBLAS", condition: .when(traits: ["OpenBLAS"])),
                .target(name: "CLAPACKE", condition: .when(traits: ["OpenBLAS"])),
            ],
            swiftSettings: strict
        ),

        // Public API
        .target(name: "Similarity", dependencies: ["SimilarityKernels"], swiftSettings: strict),
        .target(
            name: "VectorFiles",
            dependencies: ["Similarity", "SimilarityKernels"],
            swiftSettings: strict
        ),
        .target(
            name: "TextEncoder",
            dependencies: ["Similarity", "SimilarityKernels", "VectorFiles"],
            swiftSettings: strict
        ),

        // The command line
        .executableTarget(
            name: "simile",
            dependencies: [
                "Similarity", "SimilarityKernels", "VectorFiles", "TextEncoder",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // Tests
        .target(
            name: "VectorTestSupport",
            dependencies: ["Similarity", "SimilarityKernels"],
            path: "Tests/VectorTestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "SimilarityKernelsTests",
            dependencies: ["CSimilarityKernels", "SimilarityKernels", "VectorTestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SimilarityTests",
            dependencies: ["Similarity", "SimilarityKernels", "VectorFiles", "VectorTestSupport"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VectorFilesTests",
            dependencies: ["Similarity", "SimilarityKernels", "VectorFiles", "VectorTestSupport"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(name: "ReadmeTests", dependencies: ["Similarity", "simile"], swiftSettings: strict),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["simile", "Similarity", "VectorFiles"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TextEncoderTests",
            dependencies: ["TextEncoder", "Similarity", "SimilarityKernels", "VectorFiles"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
