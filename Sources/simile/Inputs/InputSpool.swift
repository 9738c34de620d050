// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import System
internal import VectorFiles

/// Inputs that are no files with an ending: `-` and `/dev/stdin`, named pipes, what a shell puts in the place of `<(...)`, and files of
/// any name that `--input-format` says the format of; and compressed files. They are copied, expanded or linked, under a name with an ending, and that name is used from
/// then on; messages say the name that was given.
enum InputSpool {
    /// What was given, by the name that is used in its place.
    private static let names = Mutex<[String: String]>([:])

    /// The path to read in the place of `path`.
    ///
    /// - Parameter format: What `--input-format` says; without it a stream is told by its first bytes: `.npy`, else `.jsonl` if it begins
    ///   with a brace, else `.txt`.
    static func resolve(_ path: String, format: FileFormat?) throws -> String {
        let isStandardInput = path == "-"
        let isStream = isStandardInput || SpooledFile.isStream(path)
        if !isStream {
            if let compression = Compression(path: path) {
                guard FileIdentity(path: path) != nil else {
                    throw CommandFailure.refused("\(path): cannot open: No such file or directory")
                }
                let inner = path.withoutPathEnding
                return try expanded(path, by: compression, named: path, format: format ?? FileFormat(path: inner))
            }
            guard let format, FileFormat(path: path) != format, FileIdentity(path: path) != nil else { return path }
            let link = temporaryName(path) + ".\(format.rawValue)"
            Interruption.temporaryFiles.insert(link)
            try SpooledFile.link(path, as: link)
            names.withLock { $0[link] = path }
            return link
        }
        let copy = temporaryName(isStandardInput ? "standard-input" : path)
        Interruption.temporaryFiles.insert(copy)
        let first = try SpooledFile.copy(isStandardInput ? nil : path, to: copy)
        if let compression = Compression(firstBytes: first) {
            let name = isStandardInput ? "standard input" : path
            return try expanded(copy, by: compression, named: name, format: format)
        }
        let named = "\(copy).\((format ?? guess(first)).rawValue)"
        Interruption.temporaryFiles.insert(named)
        try SpooledFile.move(copy, to: named)
        names.withLock { $0[named] = isStandardInput ? "standard input" : path }
        return named
    }

    /// The path of what is in a compressed file; without a format it is told by its first bytes.
    private static func expanded(
        _ path: String,
        by compression: Compression,
        named name: String,
        format: FileFormat?
    ) throws -> String {
        let copy = temporaryName(path)
        Interruption.temporaryFiles.insert(copy)
        try compression.expand(path, named: name, to: copy)
        let named = "\(copy).\((try format ?? guess(SpooledFile.start(of: copy))).rawValue)"
        Interruption.temporaryFiles.insert(named)
        try SpooledFile.move(copy, to: named)
        names.withLock { $0[named] = name }
        return named
    }

    /// A message with the names that were given.
    static func named(_ message: String) -> String {
        names.withLock { $0 }.reduce(message) { text, name in
            text.split(separator: name.key, omittingEmptySubsequences: false)
                .joined(separator: name.value)
        }
    }

    private static func guess(_ first: [UInt8]) -> FileFormat {
        if first.starts(with: [0x93] + Array("NUMPY".utf8)) { return .npy }
        if first.starts(with: Array("PAR1".utf8)) { return .parquet }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = first.starts(with: mark) ? first.dropFirst(3) : first[...]
        return text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{") ? .jsonl : .txt
    }

    private static func temporaryName(_ path: String) -> String {
        let folder = Environment.value("TMPDIR") ?? "/tmp"
        let name = path.split(separator: "/").last.map(String.init) ?? "input"
        return "\(folder)/simile-\(SpooledFile.processNumber)-\(UInt32.random(in: 0 ... .max))-\(name.prefix(40))"
    }
}
