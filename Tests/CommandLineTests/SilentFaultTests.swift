// SPDX-License-Identifier: Apache-2.0
//
// Inputs and options that gave another answer without a word: each is obeyed, refused, or told with counts.

import Foundation
import Testing

@Suite struct SilentFaultTests {
    let folder: WorkFolder
    private let rows: [[Float]]

    init() throws {
        folder = try WorkFolder()
        var state: UInt64 = 3
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) * 0x1p-23
        }
        rows = (0..<300).map { _ in (0..<24).map { _ in next() } }
        try folder.write("x.npy", NumpyBytes.floats(rows))
    }

    private func simile(_ line: String) throws -> CommandRun {
        try folder.run(executable: CommandRun.binary, line.split(separator: " ").map(String.init), environment: [:])
    }

    /// A run that must end so, with these words.
    private func expect(_ line: String, _ status: Int32, _ words: String...) throws {
        let run = try simile(line)
        #expect(
            run.status == status && words.allSatisfy { run.errors.contains($0) },
            "\(line): \(run.status) \(run.errors)"
        )
    }

    // MARK: Ids and row numbers

    @Test func `where rows have ids, a number that is no id is refused, whatever it looks like`() throws {
        try folder.write("q.jsonl", "{\"id\":\"q\",\"text\":\"a query\"}\n")
        try folder.write("q.npy", NumpyBytes.floats([rows[2]]))
        try folder.write("c.npy", NumpyBytes.floats(Array(rows.prefix(10))))
        try folder.write("c.csv", "id,text\n" + (0..<10).map { "\(9 - $0),t\($0)\n" }.joined())
        let mine =
            "mine --queries q.jsonl --query-vectors q.npy --corpus c.csv --corpus-vectors c.npy --negatives 1 --positives"
        try folder.write("text.jsonl", "{\"query\":\"q\",\"positives\":[\"7\"]}\n")
        try folder.write("digits.csv", "query,positive\nq,7\n")
        for file in ["text.jsonl", "digits.csv"] {
            let run = try simile("\(mine) \(file)")
            #expect(run.status == 0 && run.output.contains("\"positive\":\"t2\""), "\(run.output) \(run.errors)")
        }
        try folder.write("number.jsonl", "{\"query\":\"q\",\"positives\":[7]}\n")
        try expect("\(mine) number.jsonl", 3, "number.jsonl, line 1", "expected the id of a row", "7")
        try folder.write("none.csv", "query,positive\nq,77\n")
        try expect("\(mine) none.csv", 3, "none.csv, line 2", "77")
    }

    // MARK: Narrowing

    @Test func `integers keep every digit from file to file, and what rounds them says so`() throws {
        let numbers: [Int32] = [1, 16_777_217, 123_456_789, -999_999_999]
        try folder.write("a.ivecs", NumpyBytes.bytes(Int32(4)) + numbers.flatMap { NumpyBytes.bytes($0) })
        try expect("convert --input a.ivecs --output b.ivecs", 0)
        #expect(try folder.bytes("a.ivecs") == folder.bytes("b.ivecs"))
        for output in ["b.npy", "b.jsonl", "b.fvecs"] {
            try expect(
                "convert --input a.ivecs --output \(output)",
                0,
                "int32 is rounded to float32: 3 of 4 components"
            )
        }
        try expect("info a.ivecs", 0, "int32 is rounded to float32")
        try folder.write("t.jsonl", "{\"embedding\":[16777217,0.1,16777216]}\n{\"embedding\":[-123456789,3,1e39]}\n")
        try folder.write("t.csv", "embedding\n\"[16777217, 0.1, 16777216]\"\n\"[-123456789,3,2]\"\n")
        for file in ["t.jsonl", "t.csv"] {
            let run = try simile("join --left \(file) --threshold 2 --metric dot --skip-invalid")
            #expect(run.errors.contains("text is rounded to float32: 2 of 6 components"), "\(run.errors)")
        }
    }

    @Test func `rows that vanish in halves, and components without a range in bytes, are told`() throws {
        try folder.write("tiny.npy", NumpyBytes.floats(rows.prefix(7).map { $0.map { $0 * 1e-8 } } + [rows[0]]))
        try expect("quantize --input tiny.npy --to float16 --output h.npy", 0, "7 rows are zero now", "float16")
        try expect("convert --input tiny.npy --output h.f16bin", 0, "7 rows are zero now")
        #expect(try !simile("convert --input x.npy --output h.f16bin").errors.contains("zero now"))
        try folder.write("one.npy", NumpyBytes.floats([rows[0]]))
        try expect("quantize --input one.npy --to int8 --output i.npy", 3, "24 of 24 components are constant")
        try folder.write("part.npy", NumpyBytes.floats(rows.prefix(9).map { [7] + $0.dropFirst() }))
        try expect("quantize --input part.npy --to int8 --output i.npy", 0, "1 of 24 components are constant")
    }

    // MARK: Options and formats

    @Test func `vectors in a column of a table are read as notebooks write them`() throws {
        let lists = rows.prefix(20).map { row in "\"[\(row.map { "\($0)" }.joined(separator: ", "))]\"" }
        try folder.write("j.csv", "id,text,embedding\n" + lists.enumerated().map { "d\($0),t,\($1)\n" }.joined())
        let printed = rows.prefix(20).map { row in
            "\"[ " + row.enumerated().map { "\($1)" + ($0 % 5 == 4 ? "\n " : "  ") }.joined() + "]\""
        }
        try folder.write("n.csv", "v,id\n" + printed.enumerated().map { "\($1),d\($0)\n" }.joined())
        let plain = try simile("search --queries x.npy --corpus x.npy -k 1 --format csv")
        for option in ["j.csv", "j.csv --vector-field embedding", "n.csv --vector-field v"] {
            let run = try simile("search --queries x.npy --corpus \(option) -k 1 --format csv")
            #expect(run.status == 0, "\(run.errors)")
            #expect(
                run.lines[1..<21].map { $0.prefix { $0 != "." } } == plain.lines[1..<21].map { $0.prefix { $0 != "." } }
            )
            #expect(run.lines[20].hasSuffix(",,d19"), "\(run.lines[20])")
        }
        try folder.write("bad.csv", "embedding\n\"[1, 2]\"\n\"[1. 2. ... 3.]\"\n")
        try expect("info bad.csv", 3, "bad.csv, line 3")
        try expect("join --left bad.csv --threshold 0", 3, "bad.csv, line 3", "shortened")
        try folder.write("null.csv", "embedding,id\n,a\n\"[1, 2]\",b\nnull,c\n\"[2, 1]\",d\n")
        try expect("join --left null.csv --threshold -1", 3, "2 invalid rows (0, 2")
        #expect(try simile("join --left null.csv --threshold -1 --skip-invalid").lines.count == 1)
        try folder.write("null.jsonl", "{\"embedding\":null}\n{\"embedding\":[1,2]}\n{\"embedding\":[2,1]}\n")
        try expect("join --left null.jsonl --threshold -1", 3, "1 invalid row (0")
        #expect(try simile("join --left null.jsonl --threshold -1 --skip-invalid").lines.count == 1)
    }

    @Test func `an option that would have no effect is refused`() throws {
        try folder.write("t.csv", "text,body\ncat,ship\n")
        try folder.write("t.jsonl", "{\"text\":\"cat\",\"body\":\"ship\"}\n")
        try folder.write("t.txt", "cat\n")
        try expect("embed --input t.csv --text-field body", 2, "--text-column")
        try expect("embed --input t.jsonl --text-column body", 2, "--text-field")
        try expect("embed --input t.csv --id-field body", 2, "--id-column")
        try expect("embed --input t.txt --text-field body", 2, "t.txt")
        try expect("join --left t.csv --vector-field body --threshold 0", 3, "expected vectors in \"body\"")
        try expect("join --left t.txt --vector-field body --threshold 0", 3, "expected vectors in \"body\"")
        try expect("mine --queries x.npy --corpus x.npy --relative-margin -0.1", 2, "--relative-margin")
        for (line, option) in [
            ("search --queries x.npy --corpus x.npy --model m", "--model m"),
            ("join --left x.npy --threshold 0 --text-field a", "--text-field a"),
            ("map --input t.txt --vectors x.npy --output m.svg --model m", "--model m"),
            ("dedup --input x.npy --threshold 0.9 --on-long refuse", "--on-long"),
            ("quantize --input x.npy --to binary --output q.npy --vector-field a", "--vector-field a"),
            ("cluster --input x.npy -k 2 --id-column a", "--id-column a"),
            ("matrix cat dog --text-column a", "--text-column a"),
            ("search --queries x.npy --corpus x.npy --hub-rate 3", "--hub-rate"),
            ("embed --input t.txt --no-hub-cache", "--no-hub-cache"),
            ("search --queries x.npy --corpus x.npy --precision int8", "--precision int8"),
            ("embed --input t.txt --model hub:m --precision int8", "--precision int8"),
            ("dedup --input t.txt --threshold 0.9 --from r.jsonl --model m", "--model m"),
        ] { try expect(line, 2, option) }
    }

    @Test func `two outputs of one place are refused, however they are spelled`() throws {
        for line in [
            "dedup --input x.npy --threshold 0.9 --output a.npy --output-vectors ./a.npy",
            "cluster --input x.npy -k 3 --output d.jsonl --summary d.jsonl",
            "cluster --input x.npy -k 3 --output e.npy --centroids e.npy",
            "reduce --input x.npy --dims 4 --save f.safetensors --output f.safetensors",
            "quantize --input x.npy --to int8 --save-calibration g.npy --output g.npy",
            "cluster --input x.npy -k 3 --output a.csv --summary a.csv.run.json",
        ] {
            let run = try simile(line)
            #expect(run.status == 2, "\(line): \(run.errors)")
        }
        #expect(try folder.files() == ["x.npy"])
    }

    // MARK: Side files

    @Test func `signs of another corpus, of an older one, and in another order are refused`() throws {
        func signs(_ rows: [[Float]], lowFirst: Bool = false, inverted: Bool = false) -> [UInt8] {
            NumpyBytes.file(
                "|u1",
                "(\(rows.count), 3)",
                data: rows.flatMap { row in
                    (0..<3).map { byte in
                        (0..<8).reduce(UInt8(0)) { bits, j in
                            (row[8 * byte + j] > 0) != inverted ? bits | (lowFirst ? 1 << j : 128 >> j) : bits
                        }
                    }
                }
            )
        }
        try folder.write("good.npy", signs(rows))
        try folder.write("old.npy", signs(rows.reversed()))
        try folder.write("low.npy", signs(rows, lowFirst: true))
        try folder.write("inverted.npy", signs(rows, inverted: true))
        let search = "search --queries x.npy --corpus x.npy -k 1 --format csv --prefilter"
        try expect("\(search) good.npy", 0, "approximate")
        for name in ["old", "low", "inverted"] { try expect("\(search) \(name).npy", 3, "\(name).npy", "signs") }
        let positive = rows.map { $0.map { abs($0) + 1 } }
        try folder.write("p.npy", NumpyBytes.floats(positive))
        try folder.write("psigns.npy", signs(positive))
        try expect(
            "search --queries p.npy --corpus p.npy -k 1 --prefilter psigns.npy",
            0,
            "tell these rows hardly apart"
        )
    }

    @Test func `vectors of other texts are refused where both have ids`() throws {
        try folder.write("a.jsonl", "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"b\",\"text\":\"two\"}\n")
        try folder.write("v.jsonl", "{\"id\":\"b\",\"embedding\":[1,2]}\n{\"id\":\"a\",\"embedding\":[2,1]}\n")
        try expect("dedup --input a.jsonl --vectors v.jsonl --threshold 0.9", 3, "row 0 is b there and a here")
    }

    @Test func `labels are bound to what they were made of`() throws {
        try folder.write("v.npy", NumpyBytes.floats(Array(rows.prefix(3))))
        try expect("cluster --input v.npy -k 2 --output l.npy", 0)
        try expect("map --input v.npy --labels l.npy --output m.svg", 0)
        #expect(try !simile("map --input v.npy --labels l.npy --output m.svg").errors.contains("warning"))
        try expect("reduce --input v.npy --dims 2 --output r.npy", 0)
        #expect(
            try !simile("map --input r.npy --labels l.npy --output m.svg").errors.contains("warning"),
            "by its record"
        )
        try folder.write("w.npy", NumpyBytes.floats(Array(rows[3..<6])))
        try expect("map --input w.npy --labels l.npy --output m.svg", 0, "l.npy was made of v.npy", "w.npy")
        // A tensor of a file is known by the file.
        try expect("convert --input v.npy --output v.safetensors", 0)
        try expect("cluster --input v.safetensors -k 2 --output t.npy", 0)
        for input in ["v.safetensors", "v.safetensors#embeddings"] {
            let run = try simile("map --input \(input) --labels t.npy --output m.svg")
            #expect(run.status == 0 && !run.errors.contains("warning"), "\(run.errors)")
        }
        // Labels that have been written anew by another program are bound to nothing.
        try folder.write(
            "l.npy",
            NumpyBytes.file("<i8", "(3,)", data: [0, 1, 1].flatMap { NumpyBytes.bytes(Int64($0)) })
        )
        #expect(try !simile("map --input w.npy --labels l.npy --output m.svg").errors.contains("warning"))
    }

    @Test func `ranges and directions of other vectors are told by what they do to these`() throws {
        try expect("quantize --input x.npy --to int8 --save-calibration c.npy --output q.npy", 0)
        try folder.write("far.npy", NumpyBytes.floats(rows.map { $0.map { $0 + 3 } }))
        try expect(
            "quantize --input far.npy --to int8 --calibration c.npy --output q.npy",
            0,
            "outside of the ranges of c.npy"
        )
        #expect(
            try !simile("quantize --input x.npy --to int8 --calibration c.npy --output q.npy").errors.contains(
                "warning"
            )
        )
        let flat = rows.map { $0.enumerated().map { $0 < 3 ? $1 : $1 / 100 } }
        try folder.write("flat.npy", NumpyBytes.floats(flat))
        try folder.write("turned.npy", NumpyBytes.floats(flat.map { $0.reversed() }))
        try expect("reduce --input flat.npy --dims 3 --save p.safetensors", 0)
        try expect(
            "reduce --input turned.npy --apply p.safetensors --output o.npy",
            0,
            "p.safetensors keeps 0.",
            "turned.npy"
        )
        #expect(try !simile("reduce --input flat.npy --apply p.safetensors --output o.npy").errors.contains("warning"))
    }

    // MARK: Texts, pictures, files

    @Test func `half a character in a field that nobody asks for does no harm, and in the text it is told`() throws {
        try folder.write("other.jsonl", "{\"label\":\"x\\ud83d\",\"embedding\":[1,2]}\n{\"embedding\":[2,1]}\n")
        #expect(try simile("join --left other.jsonl --threshold -1").lines.count == 1)
        try folder.write("text.jsonl", "{\"text\":\"good\"}\n{\"text\":\"cut \\ud83d\"}\n")
        try expect("embed --input text.jsonl", 3, "text.jsonl, line 2", "half a surrogate pair")
    }

    @Test func `colors are looked at before texts are embedded`() throws {
        // The model that is named is not there, so a text that is embedded is another error.
        try folder.write("c.jsonl", "{\"text\":\"a\",\"label\":[1]}\n{\"text\":\"b\"}\n")
        try expect("map --input c.jsonl --color label --model none --output m.svg", 3, "c.jsonl, line 1", "label")
        try folder.write(
            "n.jsonl",
            (0..<6).map { "{\"text\":\"t\($0)\",\"label\":\($0 % 3 == 0 ? "null" : "\($0 % 3)")}\n" }.joined()
        )
        try folder.write("six.npy", NumpyBytes.floats(Array(rows.prefix(6))))
        try expect("map --input n.jsonl --vectors six.npy --color label --output m.svg", 0)
        #expect(try folder.text("m.svg").contains(">1</text>"))
    }

    @Test(arguments: [1e-37, 1e-25, 1e-19, 1, 1e18] as [Float])
    func `a picture follows its places, however small or far out they are`(scale: Float) throws {
        let places = (0..<40).map { i in [(1 + Float(i % 7) / 1000) * scale, (5 + Float(i / 7) / 1000) * scale] }
        try folder.write("p.npy", NumpyBytes.floats(places))
        for output in ["p.svg", "p.html"] { try expect("map --input p.npy --layout plane --output \(output)", 0) }
        let circles = try folder.text("p.svg").split(separator: "\n").filter { $0.hasPrefix("<circle") }
        #expect(Set(circles.compactMap { $0.split(separator: "\"").dropFirst().first }).count == 7, "seven columns")
    }

    #if Compression
    @Test func `what is meant is read of compressed files: padding with zeros, and frames to skip`() throws {
        _ = try folder.shell(
            "gzip -c x.npy >p.npy.gz; head -c 700 /dev/zero >>p.npy.gz; cp p.npy.gz g.npy.gz; printf abc >>g.npy.gz"
        )
        try expect("convert --input p.npy.gz --output o.npy", 0)
        #expect(try folder.bytes("o.npy").suffix(28_800) == folder.bytes("x.npy").suffix(28_800))
        try expect("convert --input g.npy.gz --output o.npy", 3, "g.npy.gz")
        // A frame that is skipped, then one that holds its bytes as they are (RFC 8878).
        let text = Array("{\"embedding\":[1,2]}\n".utf8)
        let skipped: [UInt8] = [0x5E, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
        let size = UInt32(text.count << 3 | 1)
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x38] + NumpyBytes.bytes(size).prefix(3) + text
        try folder.write("s.bin", skipped + frame)
        let piped = try folder.shell("$SIMILE convert --input - --output s.npy <s.bin")
        #expect(piped.status == 0 && piped.errors.contains("1 rows, 2 dimensions"), "\(piped.errors)")
    }
    #endif

    @Test func `centroids are unit vectors for cosine, those that never move too`() throws {
        for option in ["-k 4", "-k 4 --iterations 0"] {
            try expect("cluster --input x.npy \(option) --output l.csv --centroids c.npy", 0)
            let info = try simile("info c.npy --format json").output
            let norms = try #require(JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any])
            for key in ["normMin", "normMax"] { #expect(abs((norms[key] as? Double ?? 0) - 1) < 1e-6, "\(info)") }
        }
    }

    @Test func `a part that a scheduler names is told, with the variable`() throws {
        try expect("plan join --left x.npy --threshold 0.5 --output r.csv --job J --parts 3 --group-rows 50", 0)
        for (index, status, words) in [("1", 0, "part 1 of 3"), ("3", 2, "SLURM_ARRAY_TASK_ID is 3")]
            as [(String, Int32, String)]
        {
            let run = try folder.run("run", "--job", "J", environment: ["SLURM_ARRAY_TASK_ID": index])
            #expect(run.status == status && run.errors.contains(words), "\(run.errors)")
        }
    }

    @Test func `a job takes tensors whose names have slashes`() throws {
        let head = Array(#"{"layer/0.w":{"dtype":"F32","shape":[300,24],"data_offsets":[0,28800]}}"#.utf8)
        try folder.write(
            "v.safetensors",
            NumpyBytes.bytes(UInt64(head.count)) + head + folder.bytes("x.npy").suffix(28_800)
        )
        let files = "--queries v.safetensors#layer/0.w --corpus v.safetensors#layer/0.w -k 2"
        try expect("search \(files) --output plain.csv", 0)
        try expect("plan search \(files) --output job.csv --job J", 0)
        try expect("run --job J", 0)
        try expect("merge --job J", 0)
        #expect(try folder.bytes("plain.csv") == folder.bytes("job.csv"))
    }

    #if OpenBLAS
    @Test func `where OpenBLAS gets no memory for its threads, that is said, and nothing waits for ever`() throws {
        // A limit at which the program starts and the buffers of OpenBLAS do not fit.
        for limit in [500_000, 700_000] {
            let run = try folder.shell(
                "ulimit -v \(limit) && timeout 60 $SIMILE search --queries x.npy --corpus x.npy -k 2 --engine blas --threads 2 --output b.csv"
            )
            #expect(
                run.status == 0 || run.status == 1 && run.errors.contains("OpenBLAS needs"),
                "\(run.status) \(run.errors)"
            )
        }
    }
    #endif

    @Test func `a direction whose variance is tiny beside another keeps it when it is whitened`() throws {
        // Wide in the first component, a millionth of that in the second, nothing in the third.
        let wide = rows.map { [1000 * $0[0], 0.001 * $0[1], 5] }
        try folder.write("w.npy", NumpyBytes.floats(wide))
        try expect("reduce --input w.npy --dims 3 --whiten --output o.npy", 0, "1 of 3 directions have no variance")
        let bytes = try folder.bytes("o.npy").suffix(12 * wide.count)
        let values = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { i in
            Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[i + $1]) << UInt32(8 * $1) })
        }
        for (component, variance) in [(0, 1.0), (1, 1.0), (2, 0.0)] {
            let column = stride(from: component, to: values.count, by: 3).map { Double(values[$0]) }
            let mean = column.reduce(0, +) / Double(column.count)
            let found = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count - 1)
            #expect(abs(found - variance) < 0.01, "component \(component): \(found)")
        }
    }
}
