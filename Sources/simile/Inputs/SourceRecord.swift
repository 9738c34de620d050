// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
internal import System
internal import VectorFiles

/// What the record beside a file says of what the file was made of, if the file is still the one that the record is about.
///
/// Vectors, labels and reports go with another file row by row, and a shape that fits says little: a record tells files of the same shape apart.
struct SourceRecord {
    /// The file that the record is beside.
    let path: String
    let values: JSONValue

    /// Nil where there is no record: other programs write files as well.
    init?(beside path: String) {
        guard
            let bytes = try? VectorFile.mapped(RunRecord.path(of: path.vectorFilePath)).withBytes({ span in
                (0..<span.count).map { span[$0] }
            }),
            let values = try? JSONParser.parse(bytes), let expected = values["resultChecksum"]?.text,
            expected == Self.checksum(of: path)
        else { return nil }
        self.path = path
        self.values = values
    }

    /// The checksums of the files that it was made of, and of the file itself.
    var lineage: Set<String> {
        let inputs = values["inputs"]?.elements?.compactMap { $0["checksum"]?.text } ?? []
        return Set(inputs + [values["resultChecksum"]?.text].compactMap { $0 })
    }

    /// What the file was made of, as it was named then.
    var source: String { values["inputs"]?.elements?.first?["path"]?.text ?? "another file" }

    /// Refuses vectors that were made of other texts than these.
    func requireOf(_ texts: [String], of textPath: String) throws {
        var checksum = TextsChecksum()
        for text in texts { checksum.update(text) }
        guard let expected = values["textsChecksum"]?.text, expected != checksum.hexadecimal else { return }
        throw CommandFailure.refused(
            "\(path): expected the vectors of the texts of \(InputSpool.named(textPath)) as they are now, found those of "
                + "\(source) with other texts (\(RunRecord.path(of: path)))"
        )
    }

    /// The fact that binds a record to its result; none if the result cannot be read.
    static func binding(_ result: String) -> [(key: String, value: RunRecord.Fact)] {
        checksum(of: result).map { [("resultChecksum", .text($0))] } ?? []
    }

    static func checksum(of path: String) -> String? {
        guard let bytes = try? VectorFile.mapped(path.vectorFilePath) else { return nil }
        return bytes.withBytes { Checksum64.of($0) }.hexadecimal
    }

    /// The checksums of a file and of what its record says that it was made of.
    static func lineage(of path: String) -> Set<String> {
        if let record = SourceRecord(beside: path) { return record.lineage }
        return Set([checksum(of: path)].compactMap { $0 })
    }
}

/// A checksum of texts in their order, whatever kind of file they stand in.
struct TextsChecksum {
    private var checksum = Checksum64()

    mutating func update(_ text: String) {
        // No UTF-8 has this byte, so that the ends of texts count.
        checksum.update((Array(text.utf8) + [0xFF]).span)
    }

    var hexadecimal: String { checksum.value.hexadecimal }

    /// For the record of vectors that were made of the texts.
    var fact: (key: String, value: RunRecord.Fact) { ("textsChecksum", .text(hexadecimal)) }
}
