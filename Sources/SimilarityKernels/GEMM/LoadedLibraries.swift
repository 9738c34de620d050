// SPDX-License-Identifier: Apache-2.0

internal import System

/// The files that the process has loaded for its linear algebra, links resolved.
///
/// The process is linked to `libopenblas`, which has BLAS and LAPACK, and to `liblapacke`, which wants `libblas.so.3` and
/// `liblapack.so.3`: names that the system's alternatives lead to one implementation or another. A second implementation
/// would not give wrong results, but others than those that were tested, from threads that nobody has set.
package struct LoadedLibraries: Sendable, Equatable {
    /// Each loaded `libopenblas*`.
    package let openBLAS: [String]
    /// Each loaded `libblas.so.3*`.
    package let blas: [String]
    /// Each loaded `liblapack.so.3*`.
    package let lapack: [String]

    private let mappings: [Mapping]

    private struct Mapping: Sendable, Equatable {
        let addresses: Range<UInt>
        let path: String
    }

    /// The libraries of this process now, from the kernel's list of its mapped files.
    package static var current: LoadedLibraries {
        #if OpenBLAS
        LAPACKERuntime.keepLinked()
        #endif
        return LoadedLibraries(maps: kernelText("/proc/self/maps") ?? "")
    }

    /// - Parameter maps: The text of `/proc/PID/maps`; what it has no lines for is not loaded.
    package init(maps: String) {
        mappings = maps.split(separator: "\n").compactMap { line in
            // "7f00-7f80 r-xp 00000000 fe:01 1234    /path/with perhaps blanks"
            guard let slash = line.firstIndex(of: "/"), let end = line.firstIndex(of: " ") else { return nil }
            let bounds = line[..<end].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
            return Mapping(addresses: bounds[0]..<bounds[1], path: String(line[slash...]))
        }
        let paths = Set(mappings.map(\.path)).sorted()
        func named(_ prefix: String) -> [String] { paths.filter { Self.split($0).name.hasPrefix(prefix) } }
        openBLAS = named("libopenblas")
        blas = named("libblas.so.3")
        lapack = named("liblapack.so.3")
    }

    /// Whether one OpenBLAS is loaded and `libblas.so.3` and `liblapack.so.3` belong to it: files of the same folder, as
    /// Debian lays them out.
    package var areOneOpenBLAS: Bool {
        guard openBLAS.count == 1, !blas.isEmpty, !lapack.isEmpty else { return false }
        return Set((openBLAS + blas + lapack).map { Self.split($0).folder }).count == 1
    }

    /// The file that an address of code belongs to.
    package func file(at address: UInt) -> String? { mappings.first { $0.addresses.contains(address) }?.path }

    private static func split(_ path: String) -> (folder: Substring, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path[...]) }
        return (path[..<slash], path[path.index(after: slash)...])
    }
}
