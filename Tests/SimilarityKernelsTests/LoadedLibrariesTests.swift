// SPDX-License-Identifier: Apache-2.0
//
// Which BLAS the process runs: one OpenBLAS for everything, or these tests fail and name what there is instead. The
// verdict on other machines is tested with the maps that they would show.

import Glibc
import SimilarityKernels
import Testing

@Suite struct LoadedLibrariesTests {
    #if OpenBLAS
    @Test("one OpenBLAS is loaded, and BLAS and LAPACK are its own")
    func process() throws {
        let libraries = LoadedLibraries.current
        #expect(libraries.openBLAS.count == 1 && libraries.blas.count == 1 && libraries.lapack.count == 1)
        #expect(libraries.areOneOpenBLAS, "\(libraries.openBLAS) \(libraries.blas) \(libraries.lapack)")
        let openBLAS = try #require(libraries.openBLAS.first)
        let folder = openBLAS.split(separator: "/").dropLast()
        for path in libraries.blas + libraries.lapack {
            #expect(path.split(separator: "/").dropLast() == folder, "\(path) is not beside \(openBLAS)")
            #expect(unsafe access(path, R_OK) == 0, "\(path) is no file")
        }
    }

    @Test("the functions that are called are those of this OpenBLAS")
    func functions() throws {
        let libraries = LoadedLibraries.current
        let main = unsafe dlopen(nil, RTLD_LAZY)
        for name in ["cblas_sgemm", "sgemm_", "ssyevd_"] {
            // A function that is not there has the address zero, where no file is.
            let address = unsafe UInt(bitPattern: dlsym(main, name))
            let file = try #require(libraries.file(at: address), "\(name)")
            #expect((libraries.openBLAS + libraries.blas + libraries.lapack).contains(file), "\(name) is of \(file)")
        }
    }
    #else
    @Test("a build without OpenBLAS loads none")
    func process() {
        let libraries = LoadedLibraries.current
        #expect(libraries.openBLAS.isEmpty && libraries.blas.isEmpty && libraries.lapack.isEmpty)
        #expect(!libraries.areOneOpenBLAS)
    }
    #endif

    private func libraries(_ paths: String...) -> LoadedLibraries {
        let lines = paths.enumerated().flatMap { index, path in
            ["r--p", "r-xp"].enumerated().map { half, rights in
                let start = 0x7F00_0000 + index * 0x2000 + half * 0x1000
                return
                    "\(String(start, radix: 16))-\(String(start + 0x1000, radix: 16)) \(rights) 00000000 08:01 12  \(path)"
            }
        }
        return LoadedLibraries(
            maps: (["400000-401000 rw-p 00000000 00:00 0 ", "z [heap]"] + lines).joined(separator: "\n")
        )
    }

    @Test("only one folder with one OpenBLAS is one OpenBLAS")
    func verdict() {
        let debian = "/usr/lib/x86_64-linux-gnu/openblas-pthread"
        let (openBLAS, blas, lapack) = (
            "\(debian)/libopenblasp-r0.3.21.so", "\(debian)/libblas.so.3", "\(debian)/liblapack.so.3"
        )
        let good = libraries("/usr/bin/a b", "/usr/lib/liblapacke.so.3.11.0", openBLAS, blas, lapack)
        #expect(good.areOneOpenBLAS)
        #expect(good.openBLAS == [openBLAS] && good.blas == [blas] && good.lapack == [lapack])
        #expect(good.file(at: 0x7F00_0000) == "/usr/bin/a b" && good.file(at: 0x7F00_3FFF)?.hasSuffix("11.0") == true)
        #expect(good.file(at: 0x7F00_A000) == nil && good.file(at: 0x40_0000) == nil)

        let netlib = "/usr/lib/x86_64-linux-gnu/lapack/liblapack.so.3.11.0"
        #expect(libraries(openBLAS, blas, netlib).lapack == [netlib])
        #expect(!libraries(openBLAS, blas, netlib).areOneOpenBLAS)
        #expect(!libraries(openBLAS, "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", lapack).areOneOpenBLAS)
        #expect(!libraries(openBLAS, "/opt/libopenblas.so.0", blas, lapack).areOneOpenBLAS)
        #expect(!libraries(openBLAS, "\(debian)/libopenblas.so.0", blas, lapack).areOneOpenBLAS)
        #expect(!libraries(openBLAS, blas, "/opt/libblas.so.3", lapack).areOneOpenBLAS)
        #expect(!libraries(blas, lapack).areOneOpenBLAS)
        #expect(!libraries(openBLAS).areOneOpenBLAS)
    }
}
