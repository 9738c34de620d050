// SPDX-License-Identifier: Apache-2.0

// Troubles of real people, each a kind of its own: ids that belong to another file, values that are rounded away, texts that the model
// does not see, encodings, pictures and results that do not fit, files that change while they are read, names that are no UTF-8, streams.
// Each of these failed once.

import Foundation
import Testing

@Suite struct FieldCaseTests {
    let folder: WorkFolder

    init() throws { folder = try WorkFolder() }

    private func run(_ arguments: String...) throws -> CommandRun {
        try folder.run(executable: CommandRun.binary, arguments, environment: [:])
    }

    // MARK: Ids

    @Test func `ids belong to one file, and to it as it is`() throws {
        try folder.write("a.jsonl", "{\"id\":\"A\",\"text\":\"cat\"}\n{\"id\":\"B\",\"text\":\"dog\"}\n")
        try folder.write("b.txt", "one\ntwo\n")
        #expect(try run("embed", "--input", "b.txt", "--output", "v.npy").status == 0)
        #expect(try run("embed", "--input", "a.jsonl", "--output", "v.fvecs").status == 0)
        #expect(try !run("search", "--queries", "v.npy", "--corpus", "v.npy").output.contains("queryId"))
        #expect(try run("search", "--queries", "v.fvecs", "--corpus", "v.fvecs").output.contains(#""queryId":"A""#))
        // Other vectors under the same name, as many as before.
        try folder.write("v.fvecs", [2, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 128, 63, 0, 0, 128, 63])
        let stale = try run("search", "--queries", "v.fvecs", "--corpus", "v.fvecs")
        #expect(
            stale.status == 3
                && stale.errors.contains("v.fvecs.ids.jsonl, line 1: expected the ids of v.fvecs as it is")
        )
        // Written again without ids, the old ones go with the file that they belonged to.
        #expect(try run("embed", "--input", "b.txt", "--output", "v.fvecs").status == 0)
        #expect(try !folder.files().contains("v.fvecs.ids.jsonl"))
    }

    @Test func `an output leaves the ids of vectors alone`() throws {
        try folder.write("a.jsonl", "{\"id\":\"A\",\"text\":\"cat\"}\n{\"id\":\"B\",\"text\":\"dog\"}\n")
        try folder.write("q.npy", NumpyBytes.floats([[1, 0], [0, 1]]))
        #expect(try run("embed", "--input", "a.jsonl", "--output", "docs.npy").status == 0)
        try folder.write("docs.ids.jsonl", "something of somebody's own")
        let before = try folder.bytes("docs.npy.ids.jsonl")
        for operation in [
            ["search", "--queries", "q.npy", "--corpus", "q.npy"], ["join", "--left", "q.npy", "--threshold", "0"],
        ] {
            let arguments = operation + ["--output", "docs.npy"]
            #expect(try folder.run(executable: CommandRun.binary, arguments, environment: [:]).status == 0)
        }
        #expect(try folder.bytes("docs.npy.ids.jsonl") == before)
        #expect(try folder.text("docs.ids.jsonl") == "something of somebody's own")
        #expect(try run("search", "--queries", "docs.npy", "--corpus", "docs.npy").output.contains(#""id":"B""#))
    }

    @Test func `ids of an earlier version are read where they can belong to one file alone`() throws {
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        try folder.write("v.ids.jsonl", "{\"id\":\"x\"}\n{\"id\":18446744073709551615}\n")
        let alone = try run("search", "--queries", "v.npy", "--corpus", "v.npy", "-k", "1")
        #expect(
            alone.lines[1]
                == #"{"query":1,"queryId":18446744073709551615,"neighbors":[{"row":1,"id":18446744073709551615,"score":1.0}]}"#
        )
        // New vectors without ids, beside old ids of that stem.
        try folder.write("t.txt", "one\ntwo\n")
        #expect(try run("embed", "--input", "t.txt", "--output", "v.npy").status == 0)
        #expect(try !run("search", "--queries", "v.npy", "--corpus", "v.npy").output.contains("queryId"))
        try FileManager.default.removeItem(atPath: "\(folder.path)/v.npy.ids.jsonl")
        try folder.write("v.fvecs", [1, 0, 0, 0, 0, 0, 128, 63])
        #expect(try !run("search", "--queries", "v.npy", "--corpus", "v.npy").output.contains("queryId"))
        try folder.write("w.ids.jsonl", "{\"id\":18446744073709551616}\n{\"id\":1}\n")
        try folder.write("w.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        let large = try run("info", "w.npy")
        #expect(
            large.status == 3 && large.errors.contains("from -9223372036854775808 to 18446744073709551615"),
            "\(large.errors)"
        )
    }

    @Test func `rows that are left out are noted with their lines`() throws {
        try folder.write(
            "t.jsonl",
            "{\"id\":7,\"text\":\"one\"}\n\n{\"id\":8,\"text\":\" \"}\n{\"id\":9,\"text\":\"two\"}\n"
        )
        #expect(try run("embed", "--input", "t.jsonl", "--output", "v.npy", "--skip-invalid").status == 0)
        let lines = try folder.text("v.npy.ids.jsonl").split(separator: "\n").dropFirst()
        #expect(lines == [#"{"row":0,"id":7,"line":1}"#, #"{"row":1,"id":9,"line":4}"#])
        try folder.write("t.txt", "one\n\ntwo\n")
        #expect(try run("embed", "--input", "t.txt", "--output", "w.npy", "--skip-invalid").status == 0)
        #expect(try folder.text("w.npy.ids.jsonl").contains(#"{"row":1,"line":3}"#))
        #expect(try run("search", "--queries", "w.npy", "--corpus", "w.npy").lines.count == 2)
    }

    // MARK: What is lost on the way in

    @Test func `float64 that is rounded is told, and warned of where rows become one`() throws {
        func file(_ rows: [[Double]]) -> [UInt8] {
            NumpyBytes.file(
                "<f8",
                "(\(rows.count), 2)",
                data: rows.joined().flatMap { NumpyBytes.bytes($0.bitPattern) }
            )
        }
        try folder.write("far.npy", file([[5_000_000.1, 1], [5_000_000.2, 1], [5_000_000.1, 1]]))
        let far = try run("search", "--queries", "far.npy", "--corpus", "far.npy", "--metric", "euclidean")
        #expect(
            far.errors.contains("3 of 6 components change") && far.errors.contains("1 row that differs"),
            "\(far.errors)"
        )
        #expect(far.errors.contains("subtract the mean"))
        try folder.write("near.npy", file([[0.1, 1], [0.2, 1]]))
        let near = try run("info", "near.npy")
        #expect(near.errors.contains("2 of 4 components change") && !near.errors.contains("warning"))
        try folder.write("exact.npy", file([[0.5, -0.0], [3, 0]]))
        #expect(try run("info", "exact.npy").errors.isEmpty)
    }

    @Test func `texts that are cut are told or refused`() throws {
        let long = String(repeating: "alpha beta gamma ", count: 200)
        try folder.write("t.txt", "short\n\(long)one\n\(long)two\n")
        let told = try run("join", "--left", "t.txt", "--threshold", "0.99")
        #expect(told.lines == [#"{"a":1,"b":2,"score":1.0}"#])
        #expect(
            told.errors.contains("t.txt, line 2: 2 texts are longer than the 256 tokens")
                && told.errors.contains("lines 2, 3")
        )
        let refused = try run("embed", "--input", "t.txt", "--output", "v.npy", "--on-long", "refuse")
        #expect(refused.status == 3 && refused.errors.contains("longer than the 256 tokens"))
        let lines = try run("embed", "--input", "t.txt", "--on-long", "refuse", "--skip-invalid")
        #expect(lines.lines.count == 1 && lines.status == 0)
    }

    @Test(arguments: ["\u{200B}", "\u{AD}", "\u{FEFF}\u{200D}", "\u{7}\u{1B}", "\u{3164}", "\u{FFFD}", "\u{301}"])
    func `a text of which no token is left is like a blank one`(text: String) throws {
        try folder.write("t.txt", "hello\n\(text)\nworld\n")
        let refused = try run("join", "--left", "t.txt", "--threshold", "0.99")
        #expect(refused.status == 3 && refused.errors.contains("line 2") && refused.output.isEmpty, "\(refused.errors)")
        let lines = try run("embed", "--input", "t.txt", "--skip-invalid")
        #expect(lines.lines.map { $0.prefix(8) } == ["{\"row\":0", "{\"row\":2"])
    }

    @Test(arguments: [
        (String.Encoding.utf16LittleEndian, [0xFF, 0xFE] as [UInt8], "UTF-16LE"),
        (.utf16BigEndian, [0xFE, 0xFF], "UTF-16BE"),
        (.utf32LittleEndian, [0xFF, 0xFE, 0, 0], "UTF-32LE"), (.utf32BigEndian, [0, 0, 0xFE, 0xFF], "UTF-32BE"),
        (.utf16LittleEndian, [], "zero byte"), (.utf16BigEndian, [], "zero byte"), (.isoLatin1, [], "0xE9"),
    ])
    func `text that is no UTF-8 is refused by name with the remedy`(
        encoding: String.Encoding,
        mark: [UInt8],
        name: String
    ) throws {
        for (file, text) in [("t.txt", "café\nune\n"), ("t.jsonl", "{\"text\":\"café\"}\n")] {
            try folder.write(file, mark + [UInt8](try #require(text.data(using: encoding))))
            let run = try run("embed", "--input", file)
            #expect(run.status == 3 && run.errors.contains(name) && run.errors.contains("iconv"), "\(run.errors)")
            #expect(!run.errors.contains("UTF8.") && !run.errors.contains("Kind"))
        }
    }

    @Test func `json is judged where somebody asks for it`() throws {
        try folder.write("t.jsonl", "{\"text\":\"cat\",\"loss\":1e400,\"x\":NaN,\"y\":-Infinity,\"z\":[1E999]}\n")
        #expect(try run("embed", "--input", "t.jsonl").status == 0)
        try folder.write("u.jsonl", "{\"text\":\"cat\",\"id\":1e400}\n")
        let asked = try run("embed", "--input", "u.jsonl")
        #expect(
            asked.status == 3 && asked.errors.contains("found 1e400, which is not a number that can be read"),
            "\(asked.errors)"
        )
    }

    @Test func `a second array in a file is refused`() throws {
        let array = NumpyBytes.floats([[1, 0], [3, 4]])
        for surplus in [array, [0], Array(repeating: UInt8(7), count: 5000)] {
            try folder.write("v.npy", array + surplus)
            let run = try run("info", "v.npy")
            #expect(run.status == 3 && run.errors.contains("found \(surplus.count) bytes more"), "\(run.errors)")
        }
    }

    // MARK: Limits and crashes

    @Test func `a picture is small, keeps to the memory, and is refused where nobody can read it`() throws {
        try folder.write("v.npy", NumpyBytes.floats((0..<300).map { [Float($0 % 17) - 8, 1] }))
        #expect(try run("matrix", "--input", "v.npy", "--output", "m.svg").status == 0)
        #expect(try folder.bytes("m.svg").count < 2 * 300 * 300)
        #expect(try folder.text("m.svg").contains(">0.00</text>"), "zero is marked where there are negative scores")
        try folder.write("w.npy", NumpyBytes.floats((0..<2001).map { [Float($0), 1] }))
        let large = try run("matrix", "--input", "w.npy", "--output", "w.svg")
        #expect(
            large.status == 1 && large.errors.contains("at most 2000") && large.errors.contains("simile search"),
            "\(large.errors)"
        )
        let tight = try run("matrix", "--input", "v.npy", "--output", "t.svg", "--memory", "300KB")
        #expect(tight.status == 1 && tight.errors.contains("--memory"))
        #expect(try folder.files() == ["m.svg", "v.npy", "w.npy"])
    }

    @Test func `a bitmap is a valid picture with the colors of the scale`() throws {
        try folder.write("v.npy", NumpyBytes.floats((0..<30).map { $0 < 15 ? [1, 0] : [-1, 0] }))
        #expect(try run("matrix", "--input", "v.npy", "--output", "m.svg").status == 0)
        let svg = try folder.text("m.svg")
        let start = try #require(svg.range(of: "base64,")?.upperBound)
        let data = try #require(Data(base64Encoded: String(svg[start...].prefix { $0 != "\"" })))
        try data.write(to: URL(fileURLWithPath: "\(folder.path)/p.png"))
        let script = """
            import struct, zlib
            data = open('p.png', 'rb').read(); place = 8; parts = {}
            while place < len(data):
                n, = struct.unpack('>I', data[place:place+4]); kind = data[place+4:place+8]; body = data[place+8:place+8+n]
                assert zlib.crc32(kind + body) == struct.unpack('>I', data[place+8+n:place+12+n])[0]
                parts[kind] = body; place += 12 + n
            rows = zlib.decompress(parts[b'IDAT'])
            print(struct.unpack('>II', parts[b'IHDR'][:8]), len(rows), rows[1], rows[30], list(parts[b'PLTE'][:3]), list(parts[b'PLTE'][-3:]))
            """
        try folder.write("p.py", script)
        let checked = try folder.run(executable: "/usr/bin/env", ["python3", "p.py"], environment: [:])
        #expect(checked.output == "(30, 30) 930 255 0 [33, 102, 172] [178, 24, 43]\n", "\(checked.errors)")
    }

    @Test func `limits of the process are part of the budget, and refusals say what to do`() throws {
        let free = try run("info", "--format", "json")
        #expect(free.output.contains(#""memoryFrom":"80 % of "#))
        let limited = try folder.shell("ulimit -v 6000000; \"$SIMILE\" info --format json")
        #expect(limited.output.contains(#""memoryFrom":"80 % of RLIMIT_AS""#), "\(limited.output) \(limited.errors)")
        try folder.write("v.npy", NumpyBytes.floats((0..<600).map { [Float($0), 1] }))
        let join = try run("join", "--left", "v.npy", "--threshold", "-1", "--memory", "20KB", "--output", "p.csv")
        // A single row has more pairs than that.
        #expect(join.status == 1 && join.errors.contains("stricter threshold"), "\(join.errors)")
        #expect(try folder.files() == ["v.npy"])
        // What does not fit at once is done in groups.
        for (memory, name) in [("200KB", "p.csv"), ("1GB", "w.csv")] {
            let join = try run("join", "--left", "v.npy", "--threshold", "-1", "--memory", memory, "--output", name)
            #expect(
                join.status == 0 && join.errors.contains("going on in groups") == (name == "p.csv"),
                "\(join.errors)"
            )
        }
        #expect(try folder.bytes("p.csv") == folder.bytes("w.csv"))
        #expect(try folder.files() == ["p.csv", "v.npy", "w.csv"])
    }

    @Test func `a file that shrinks while it is read is named`() throws {
        let rows = (0..<9000).map { i in (0..<128).map { Float((i * 31 + $0 * 7) % 101) } }
        try folder.write("v.npy", NumpyBytes.floats(rows))
        // The file is cut as soon as the search shows progress; it has then been mapped and looked through once.
        let run = try folder.shell(
            "\"$SIMILE\" search --queries v.npy --corpus v.npy --threads 1 --engine reference --output r.csv 2>err & "
                + "for i in $(seq 200); do ls .r.csv.* >/dev/null 2>&1 && break; done; truncate -s 5000 v.npy; wait $!"
        )
        #expect(run.status == 3, "\(run.errors)")
        let message = try folder.text("err")
        #expect(message.contains("v.npy"), "\(message)")
        #expect(try folder.files() == ["err", "v.npy"])
    }

    @Test(arguments: ["QUIT", "ABRT", "SEGV", "TERM"])
    func `a signal leaves no file behind and ends the process`(signal: String) throws {
        let rows = (0..<9000).map { i in (0..<128).map { Float((i * 31 + $0 * 7) % 101) } }
        try folder.write("v.npy", NumpyBytes.floats(rows))
        let run = try folder.shell(
            "\"$SIMILE\" search --queries v.npy --corpus v.npy --threads 1 --engine reference --output r.csv & "
                + "for i in $(seq 200); do ls .r.csv.* >/dev/null 2>&1 && break; done; kill -\(signal) $!; kill -\(signal) $! 2>/dev/null; wait $!"
        )
        #expect(run.status != 0)
        #expect(try folder.files() == ["v.npy"])
    }

    // MARK: Names and streams

    @Test func `names of any bytes work, in and out`() throws {
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        let run = try folder.shell(
            #"n=$(printf 'caf\351'); mv v.npy "$n.npy"; "$SIMILE" matrix --input "$n.npy" --output "$n.csv" && "#
                + #""$SIMILE" info "$n.npy" --format json && cat "$n.csv" && ls | od -An -tx1 && "$SIMILE" info "$n.npx""#
        )
        #expect(run.output.contains(#"{"rows":2,"#) && run.output.contains("row,0,1"), "\(run.output) \(run.errors)")
        #expect(run.output.contains("63 61 66 e9 2e 63 73 76") && run.status == 2)
        #expect(run.errors.contains(#"caf\xE9.npx"#), "\(run.errors)")
    }

    @Test func `standard input, pipes and substitutes are read`() throws {
        try folder.write("t.txt", "hello\nworld\n")
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        let file = try run("embed", "--input", "t.txt")
        for line in [
            #""$SIMILE" embed --input - <t.txt"#, #"cat t.txt | "$SIMILE" embed --input -"#,
            #"cat t.txt | "$SIMILE" embed --input /dev/stdin --output -"#,
            #"mkfifo p; cat t.txt >p & "$SIMILE" embed --input p"#, #"bash -c '"$SIMILE" embed --input <(cat t.txt)'"#,
            #"printf '{"t":"hello"}\n{"t":"world"}\n' | "$SIMILE" embed --input - --text-field t"#,
            #"cp t.txt plain; "$SIMILE" embed --input plain --input-format txt"#,
        ] {
            let run = try folder.shell("export SIMILE; \(line)")
            #expect(run.output == file.output, "\(line): \(run.errors)")
            try? FileManager.default.removeItem(atPath: "\(folder.path)/p")
        }
        let vectors = try folder.shell(#""$SIMILE" search --queries - --corpus v.npy -k 1 --output - <v.npy"#)
        #expect(vectors.lines.count == 2, "\(vectors.errors)")
        let bad = try folder.shell(#"printf 'a\n\n' | TMPDIR=. "$SIMILE" embed --input -"#)
        #expect(bad.status == 3 && bad.errors.contains("standard input, line 2"), "\(bad.errors)")
        #expect(try folder.files() == ["plain", "t.txt", "v.npy"])
    }

    // MARK: What people expect

    @Test func `a replaced output keeps its mode, a new one follows the umask`() throws {
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4]]))
        let run = try folder.shell(
            #"umask 027; touch r.csv; chmod 604 r.csv; for f in r.csv s.csv; do "#
                + #""$SIMILE" search --queries v.npy --corpus v.npy --output $f --quiet; done; stat -c '%a' r.csv s.csv"#
        )
        #expect(run.lines == ["604", "640"], "\(run.errors)")
    }

    @Test func `writing has progress of its own, and the summary the whole time`() throws {
        // Progress is not shown in the first moments; to write four and a half million lines takes longer than those.
        try folder.write("v.npy", NumpyBytes.floats((0..<3000).map { _ in [1, 2] }))
        let run = try run("join", "--left", "v.npy", "--threshold", "0", "--output", "p.jsonl", "--progress", "plain")
        #expect(run.status == 0 && run.errors.contains("writing: "), "\(run.errors)")
        // For programs: a line that is an object.
        let lines = try self.run(
            "join",
            "--left",
            "v.npy",
            "--threshold",
            "0",
            "--output",
            "p.jsonl",
            "--progress",
            "json"
        )
        let objects = lines.errors.split(separator: "\n").filter { $0.hasPrefix("{") }
        #expect(!objects.isEmpty, "\(lines.errors)")
        for object in objects {
            let read = try JSONSerialization.jsonObject(with: Data(object.utf8)) as? [String: Any]
            let share = try #require(read?["share"] as? Double)
            #expect((0...1).contains(share) && read?["unit"] is String && read?["secondsLeft"] is Double)
        }
    }
}
