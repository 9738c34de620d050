// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import System
internal import VectorFiles

/// A report of duplicates that `dedup` has written, with what its record says of how it was made.
struct EarlierReport {
    let path: String
    let metric: Metric
    let threshold: Float
    /// The other corpus, if rows were compared with those of one.
    let against: String?
    /// Rows that took no part.
    let skipped: [Int]
    private let record: JSONValue
    private let recordPath: String

    /// Facts of a record that ``init(_:)`` reads.
    static func facts(
        metric: Metric,
        threshold: Float,
        skipped: [Int]
    ) -> [(key: String, value: RunRecord.Fact)] {
        [
            ("metric", .text(metric.rawValue)), ("threshold", .number(Double(threshold))),
            ("skipped", .texts(skipped.map(String.init))),
        ]
    }

    init(_ path: String) throws {
        self.path = path
        let recordPath = RunRecord.path(of: path)
        self.recordPath = recordPath
        let bytes: [UInt8]
        do {
            bytes = try VectorFile.mapped(recordPath).withBytes { span in (0..<span.count).map { span[$0] } }
        } catch {
            throw CommandFailure.refused("\(error); it says what \(path) is of, and dedup writes the two together")
        }
        guard let record = try? JSONParser.parse(bytes), let name = record["metric"]?.text,
            let metric = Metric(rawValue: name), let threshold = record["threshold"]?.double,
            let skipped = record["skipped"]?.elements?.map({ $0.text.flatMap { Int($0) } }), !skipped.contains(nil),
            record["inputs"]?.elements?.isEmpty == false
        else {
            throw CommandFailure.refused(
                "\(recordPath): expected the record of a report of dedup, found something else"
            )
        }
        self.record = record
        self.metric = metric
        self.threshold = Float(threshold)
        self.skipped = skipped.compactMap { $0 }
        against = record["inputs"]?.elements?.first { $0["role"]?.text == "against" }?["path"]?.text
    }

    /// Refuses an input that the report is not of.
    func requireOf(_ input: String, role: String = "input") throws {
        let found = record["inputs"]?.elements?.first { $0["role"]?.text == role }
        let fingerprint = try FileFingerprint(path: input.vectorFilePath)
        guard found?["checksum"]?.text == fingerprint.wholeChecksum.hexadecimal,
            found?["bytes"]?.integer == fingerprint.byteCount
        else {
            throw CommandFailure.refused(
                "\(path): expected a report about \(InputSpool.named(input)) as it is now, found one about "
                    + "\(found?["path"]?.text ?? "another file") with another content"
            )
        }
    }

    /// Refuses a threshold below that of the report: pairs under it are not there.
    func requireWithin(_ wanted: Float) throws {
        let isWithin = !metric.isBetter(threshold, than: wanted)
        if !isWithin {
            throw CommandFailure.usage(
                "--threshold \(wanted): \(path) was made with \(threshold), and pairs beyond that are not in it; expected a "
                    + (metric == .euclidean ? "smaller distance" : "higher score")
            )
        }
    }

    /// The lines of the report.
    func lines(rowCount: Int, keptCount: Int) throws -> [DuplicateLine] {
        // Of rows without duplicates there is nothing to tell, not even an end of a line.
        if try SharedBytes(mapping: path).byteCount == 0, FileFormat(path: path) == .jsonl { return [] }
        let lines = try DuplicateReport.read(path, metric: metric, rowCount: rowCount, keptCount: keptCount)
        // The record of another report would lend it an input and a threshold.
        if let expected = record["resultChecksum"]?.text, let found = SourceRecord.checksum(of: path), expected != found
        {
            throw CommandFailure.refused(
                "\(recordPath): expected the record of \(path) as it is now, found that of another report: checksum \(expected), not \(found)"
            )
        }
        return lines
    }
}
