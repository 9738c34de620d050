// SPDX-License-Identifier: Apache-2.0
//
// Parquet in and out from outside: what one command writes the next one reads.

import Foundation
import Testing

@Suite struct ParquetCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("v.npy", NumpyBytes.floats([[1, 0, 0], [0, 1, 0], [1, 0.01, 0], [0, 0, 2]]))
    }

    private func simile(_ line: String) throws -> CommandRun {
        try folder.run(executable: CommandRun.binary, line.split(separator: " ").map(String.init), environment: [:])
    }

    private func expect(_ line: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let run = try simile(line)
        #expect(run.status == 0, "\(line): \(run.errors)", sourceLocation: sourceLocation)
    }

    @Test func `vectors go there and back, and are taken wherever vectors are`() throws {
        try folder.write("ids.jsonl", (0..<4).map { "{\"id\":\"r\($0)\",\"embedding\":[\($0),1,0.5]}\n" }.joined())
        for (input, copy) in [("v.npy", "w.npy"), ("ids.jsonl", "back.jsonl")] {
            try expect("convert --input \(input) --output p.parquet")
            try expect("convert --input p.parquet --output \(copy)")
        }
        try expect("convert --input v.npy --output same.npy")
        #expect(try folder.bytes("same.npy") == folder.bytes("w.npy"))
        #expect(try folder.text("back.jsonl").contains(#""id":"r3""#))
        try expect("search --queries p.parquet --corpus p.parquet -k 2 --exclude-self --output a.csv")
        try expect("search --queries ids.jsonl --corpus ids.jsonl -k 2 --exclude-self --output b.csv")
        #expect(try folder.text("a.csv") == folder.text("b.csv"))
        let piped = try folder.shell("cat p.parquet | $SIMILE join --left - --threshold 0.9 --format csv")
        #expect(piped.status == 0 && piped.lines.count > 1, "\(piped.errors)")
        try expect("quantize --input p.parquet --to int8 --output q.npy")
    }

    @Test func `results are columns, which are read as labels and texts`() throws {
        try expect("search --queries v.npy --corpus v.npy -k 2 --output s.parquet")
        try expect("join --left v.npy --threshold 0.5 --output j.parquet")
        try expect("cluster --input v.npy -k 2 --output c.parquet")
        // Nothing found is a file as well.
        try expect("join --left v.npy --threshold 2 --output none.parquet")
        let nothing = try simile("embed --input none.parquet --text-field a --model static --output e.npy")
        #expect(nothing.status == 3 && nothing.errors.contains("int64"), "\(nothing.errors)")
        // A column of numbers is no column of texts.
        let run = try simile("embed --input s.parquet --text-field row --model static --output e.npy")
        #expect(run.status == 3 && run.errors.contains("\"row\"") && run.errors.contains("int64"), "\(run.errors)")
        let missing = try simile("embed --input j.parquet --model static --output e.npy")
        #expect(missing.status == 3 && missing.errors.contains("\"a\", \"b\", \"score\""), "\(missing.errors)")
    }

    @Test func `records of texts keep all of their columns`() throws {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("ParquetTests/Fixtures/dictionary-snappy.parquet").path
        try FileManager.default.copyItem(atPath: fixture, toPath: "\(folder.path)/t.parquet")
        let blank = try simile(
            "dedup --input t.parquet --text-field text --threshold 0.95 --model static --output k.parquet"
        )
        #expect(blank.status == 3 && blank.errors.contains("blank"), "\(blank.errors)")
        try expect(
            "dedup --input t.parquet --text-field text --threshold 0.95 --model static --skip-invalid --output k.parquet --report d.csv"
        )
        // The same again finds nothing more.
        let again = try simile("dedup --input k.parquet --text-field text --threshold 0.95 --model static --format csv")
        #expect(again.status == 0 && again.errors.contains("4 kept, 0 dropped"), "\(again.errors)")
        // Its vectors are a column of the same file; one is null.
        let vectors = try simile("search --queries t.parquet --corpus t.parquet -k 1 --skip-invalid --format csv")
        #expect(vectors.status == 0 && vectors.errors.contains("1 invalid row"), "\(vectors.errors)")
        try expect("dedup --input t.parquet --threshold 0.999 --skip-invalid --output kept.parquet")
        try expect("embed --input kept.parquet --text-field text --model static --skip-invalid --output e.parquet")
        let wrong = try simile("dedup --input t.parquet --text-field text --threshold 0.9 --output k.jsonl")
        #expect(wrong.status == 2 && wrong.errors.contains(".parquet"), "\(wrong.errors)")
        let job = try simile("plan join --left t.parquet --threshold 0.9 --output r.csv --job J")
        #expect(job.status == 2 && job.errors.contains("t.parquet"), "\(job.errors)")
    }

    @Test func `a file that is none, or is cut, is refused`() throws {
        try folder.write("x.parquet", "PAR1 and nothing else PAR1")
        let none = try simile("convert --input x.parquet --output y.npy")
        #expect(none.status == 3 && none.errors.contains("x.parquet"), "\(none.errors)")
        try expect("convert --input v.npy --output p.parquet")
        let whole = try folder.bytes("p.parquet")
        try folder.write("cut.parquet", Array(whole.dropLast(9)))
        let cut = try simile("convert --input cut.parquet --output y.npy")
        #expect(cut.status == 3 && cut.errors.contains("cut"), "\(cut.errors)")
        #expect(try !folder.files().contains("y.npy"))
    }
}
