// SPDX-License-Identifier: Apache-2.0

// Feeds a parser with files, as they are or, in a build of scripts/fuzz, with what libFuzzer makes of them.

import Foundation

@main
struct FuzzParsers {
    /// `fuzz-parsers TARGET FILE...`, or without arguments the names of all targets.
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else {
            print(FuzzTargets.all.keys.sorted().joined(separator: "\n"))
            return
        }
        guard let target = FuzzTargets.all[arguments[1]] else {
            FileHandle.standardError.write(Data("fuzz-parsers: there is no target '\(arguments[1])'\n".utf8))
            exit(2)
        }
        defer { try? FileManager.default.removeItem(atPath: FuzzTargets.folder) }
        #if FUZZING
        current = target
        var words = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) }
        var count = Int32(words.count)
        words.withUnsafeMutableBufferPointer { words in
            var start = words.baseAddress
            let status = runDriver(&count, &start) { bytes, size in
                try? current(Array(UnsafeBufferPointer(start: bytes, count: size)))
                return 0
            }
            exit(status)
        }
        #else
        for path in arguments.dropFirst(2) {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            do { try target(Array(data)) } catch { print("\(path): \(error)") }
        }
        #endif
    }
}

#if FUZZING
nonisolated(unsafe) private var current: @Sendable ([UInt8]) throws -> Void = { _ in }

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
#endif
