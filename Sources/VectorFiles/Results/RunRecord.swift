// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import StrictJSON
package import System

/// What made a result: the command, its inputs with checksums, the machine and what the operation did. It is a file beside the
/// result, so that whoever finds the one a year later knows what it is of.
///
/// None of it changes the result: it is a JSON object in `RESULT.run.json`. The command line reads some of it back, to tell
/// a file that was made of one input from a file of the same shape that was made of another.
public struct RunRecord: Sendable {
    /// A file that was read.
    public struct Input: Sendable {
        /// What it was for: `queries`, `corpus`, `left`, `right` or `input`.
        public var role: String
        /// Its path, as it was given.
        public var path: String
        /// Rows that it holds, skipped ones included.
        public var rows: Int
        /// Rows of those that took no part because they are invalid.
        public var skippedRows: Int
        let fingerprint: FileFingerprint

        /// An input as it is now.
        ///
        /// - Parameters:
        ///   - role: What it was for.
        ///   - path: Its path, as it was given.
        ///   - file: Where it lies, if that is not the path that was given.
        ///   - rows: Rows that it holds.
        ///   - skippedRows: Rows of those that took no part.
        /// - Complexity: reads the file once, for its checksum.
        /// - Throws: ``VectorFileError`` if the file cannot be read.
        public init(role: String, path: String, file: String? = nil, rows: Int, skippedRows: Int = 0) throws {
            self.role = role
            self.path = path
            self.rows = rows
            self.skippedRows = skippedRows
            fingerprint = try FileFingerprint(path: (file ?? path).vectorFilePath)
        }

        package init(role: String, path: String, rows: Int, fingerprint: FileFingerprint) {
            self.role = role
            self.path = path
            self.rows = rows
            skippedRows = 0
            self.fingerprint = fingerprint
        }

        fileprivate func write(to record: inout JSONWriter) {
            record.field("role", role)
            record.field("path", path)
            record.field("rows", rows)
            record.field("skippedRows", skippedRows)
            record.field("bytes", fingerprint.byteCount)
            record.field("checksum", fingerprint.wholeChecksum.hexadecimal)
        }
    }

    /// A fact about the run.
    public enum Fact: Sendable {
        /// A text, or nothing.
        case text(String?)
        /// A number of things.
        case count(Int)
        /// A number, such as seconds.
        case number(Double)
        /// Texts in order.
        case texts([String])

        fileprivate func write(_ key: String, to record: inout JSONWriter) {
            switch self {
            case .text(let text): record.field(key, text)
            case .count(let count): record.field(key, count)
            case .number(let number): record.field(key, number)
            case .texts(let texts): record.field(key, texts)
            }
        }
    }

    /// The files that were read.
    public var inputs: [Input]
    /// Everything else, in the order in which it is written; no key twice, and none of them `inputs`, `result` or `written`.
    public var facts: [(key: String, value: Fact)]

    /// A record of these.
    public init(inputs: [Input], facts: [(key: String, value: Fact)]) {
        self.inputs = inputs
        self.facts = facts
    }

    /// The file for the record of a result: `pairs.csv.run.json` for `pairs.csv`.
    public static func path(of result: String) -> String { result + ".run.json" }

    /// Writes the record, whole or not at all, in the place of an older one.
    ///
    /// - Throws: ``VectorFileError`` if it cannot be written.
    package func write(beside result: String, registeredIn registry: TemporaryFiles? = nil) throws(VectorFileError) {
        try finished(beside: result, registeredIn: registry).publish()
    }

    /// Writes the record to a file that has not its name yet, to be published with its result.
    ///
    /// - Throws: ``VectorFileError`` if it cannot be written.
    package func finished(beside result: String, registeredIn registry: TemporaryFiles?) throws(VectorFileError)
        -> AtomicFile
    {
        let file = try AtomicFile(Self.path(of: result), registeredIn: registry)
        file.write(text(result: result, written: Date.now.formatted(.iso8601)))
        try file.finish()
        return file
    }

    /// Writes the record, whole or not at all, in the place of an older one.
    ///
    /// - Throws: ``VectorFileError`` if it cannot be written.
    public func write(beside result: String) throws { try write(beside: result, registeredIn: nil) }

    func text(result: String, written: String) -> [UInt8] {
        JSONWriter.document { record in
            for fact in facts { fact.value.write(fact.key, to: &record) }
            record.field(
                "inputs",
                inLines: true,
                array: { list in for input in inputs { list.object { input.write(to: &$0) } } }
            )
            record.field("result", result)
            record.field("written", written)
        }
    }
}
