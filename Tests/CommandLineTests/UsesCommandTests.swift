// SPDX-License-Identifier: Apache-2.0
//
// `cluster`, `communities`, `mine`, `reduce`, `quantize`, `map` and `matrix --order` from outside: their files to the letter, what is saved and
// used again, and what is refused.

import Foundation
import Testing

@Suite struct UsesCommandTests {
    let folder: WorkFolder

    /// Two heaps, of rows 0, 2, 4 and 1, 3, 5.
    init() throws {
        folder = try WorkFolder()
        try folder.write(
            "v.npy",
            NumpyBytes.floats([[1, 0, 0], [0, 1, 0], [4, 0.5, 0], [0.1, 1, 0], [1, 0.1, 0], [0, 2, 0.2]])
        )
        try folder.write(
            "t.jsonl",
            ["apple", "one", "pear", "two", "plum", "<three>"].enumerated().map { i, text in
                "{\"id\":\"\(i)x\",\"text\":\"\(text)\",\"kind\":\"\(i % 2 == 0 ? "fruit" : "number")\"}\n"
            }.joined()
        )
    }

    private func simile(_ line: String) throws -> CommandRun {
        try folder.run(
            executable: CommandRun.binary,
            line.split(separator: " ").map(String.init),
            environment: [:]
        )
    }

    @Test func `cluster writes labels, centroids and a summary`() throws {
        let run = try simile(
            "cluster --input t.jsonl --vectors v.npy -k 2 --output l.csv --centroids c.npy --summary s.jsonl --members 2"
        )
        #expect(run.status == 0 && run.errors.contains("6 rows in 2 clusters of 3 to 3"), "\(run.errors)")
        let labels = try folder.text("l.csv").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(labels[0] == ["row", "cluster", "score", "id"] && labels.count == 7)
        let clusters = labels.dropFirst().map { $0[1] }
        #expect(clusters[0] == clusters[2] && clusters[1] == clusters[3] && clusters[0] != clusters[1])
        let summary = try folder.text("s.jsonl").split(separator: "\n")
        #expect(summary.count == 2 && summary.allSatisfy { $0.contains("\"size\":3") && $0.contains("\"text\":") })
        for threads in ["1", "2"] {
            #expect(try simile("cluster --input v.npy -k 2 --output l\(threads).npy --threads \(threads)").status == 0)
        }
        #expect(try folder.bytes("l1.npy") == folder.bytes("l2.npy"))
        // Centroids that are given, and moved no more.
        #expect(
            try simile("cluster --input v.npy -k 2 --start-centroids c.npy --iterations 0 --output again.csv").status
                == 0
        )
        let again = try folder.text("again.csv").split(separator: "\n").dropFirst().map { $0.split(separator: ",")[1] }
        #expect(again == Array(clusters))
        #expect(
            try simile("cluster --input v.npy -k 2 --metric euclidean --format csv").output.hasPrefix(
                "cluster,size,rank,row,distance\n"
            )
        )
    }

    @Test func `communities are lines with all members`() throws {
        let run = try simile(
            "communities --input t.jsonl --vectors v.npy --threshold 0.97 --min-size 3 --output c.jsonl"
        )
        #expect(run.status == 0 && run.errors.contains("6 rows: 6 in 2 communities, 0 in none"), "\(run.errors)")
        let lines = try folder.text("c.jsonl").split(separator: "\n")
        #expect(
            lines[0].hasPrefix(
                "{\"community\":0,\"size\":3,\"center\":0,\"members\":[{\"row\":0,\"id\":\"0x\",\"text\":\"apple\",\"score\":null}"
            )
        )
        #expect(try simile("communities --input v.npy --threshold 0.999 --min-size 2 --output c.npy").status == 0)
        #expect(try folder.bytes("c.npy").suffix(48).count == 48)
    }

    @Test func `rows that are left out are no communities of one`() throws {
        try folder.write("n.npy", NumpyBytes.floats([[1, 2], [.nan, 1], [3, -1]]))
        let run = try simile("communities --input n.npy --threshold 0.9 --min-size 1 --skip-invalid --output c.npy")
        #expect(run.errors.contains("3 rows: 2 in 2 communities, 1 in none"), "\(run.errors)")
        #expect(try folder.bytes("c.npy").suffix(16).prefix(8) == [UInt8](repeating: 255, count: 8)[...])
    }

    @Test func `mine writes triplets and tuples, by rows or ids`() throws {
        try folder.write(
            "p.jsonl",
            "{\"query\":\"0x\",\"positives\":[\"2x\"]}\n{\"query\":\"1x\",\"positive\":\"3x\"}\n"
        )
        let triplets = try simile(
            "mine --queries t.jsonl --query-vectors v.npy --corpus t.jsonl --corpus-vectors v.npy --positives p.jsonl --negatives 2 --range-min 1 --output m.jsonl"
        )
        #expect(triplets.status == 0, "\(triplets.errors)")
        let lines = try folder.text("m.jsonl").split(separator: "\n")
        #expect(
            lines.count == 4
                && lines[0].hasPrefix("{\"query\":\"apple\",\"positive\":\"pear\",\"negative\":\"plum\",\"scores\":[")
        )
        let tuples = try simile("mine --queries v.npy --corpus v.npy --form n-tuple --negatives 1 --margin 0.5")
        #expect(
            tuples.lines.count == 6
                && tuples.lines[0].hasPrefix("{\"query\":0,\"positive\":0,\"negatives\":[3],\"scores\":[1.0,0.09"),
            "\(tuples.output)"
        )
    }

    @Test func `reduce saves what it fitted, and applies it`() throws {
        #expect(try simile("reduce --input v.npy --dims 2 --save p.safetensors --output a.npy").status == 0)
        #expect(try simile("reduce --input v.npy --apply p.safetensors --output b.npy").status == 0)
        #expect(try folder.bytes("a.npy") == folder.bytes("b.npy"))
        #expect(try simile("info a.npy --format json").output.contains("\"rows\":6,\"dimension\":2"))
        #expect(try simile("reduce --input v.npy --dims 2 --method matryoshka --output m.npy").status == 0)
        #expect(try folder.bytes("m.npy").suffix(48).prefix(8) == NumpyBytes.floats([[1, 0]]).suffix(8))
        #expect(try simile("reduce --input v.npy --dims 2 --method random --seed 3 --output r.fbin").status == 0)
        // Invalid rows are left out, of the fit and of what comes out.
        try folder.write("n.npy", NumpyBytes.floats([[1, 0], [.nan, 1], [0, 2], [3, 3]]))
        for command in ["reduce --dims 1", "quantize --to int8"] {
            #expect(try simile("\(command) --input n.npy --output n2.npy").status == 3)
            #expect(try simile("\(command) --input n.npy --output n2.npy --skip-invalid").status == 0)
            #expect(try simile("info n2.npy --format json").output.contains("\"rows\":3"))
        }
        // A file that has been cut is no projection.
        try folder.write("cut.safetensors", Array(try folder.bytes("p.safetensors").dropLast(4)))
        let cut = try simile("reduce --input v.npy --apply cut.safetensors --output x.npy")
        #expect(cut.status == 3 && cut.errors.contains("cut.safetensors"))
    }

    @Test func `quantize writes what NumPy reads`() throws {
        #expect(try simile("quantize --input v.npy --to float16 --output h.npy").status == 0)
        #expect(String(decoding: try folder.bytes("h.npy").prefix(80), as: UTF8.self).contains("'<f2'"))
        #expect(try folder.bytes("h.npy").suffix(36).prefix(2) == [0x00, 0x3C])
        #expect(try simile("quantize --input v.npy --to binary --output b.npy").status == 0)
        #expect(String(decoding: try folder.bytes("b.npy").prefix(80), as: UTF8.self).contains("'|u1'"))
        #expect(try folder.bytes("b.npy").suffix(6) == [0x80, 0x40, 0xC0, 0xC0, 0xC0, 0x60])
        #expect(try simile("quantize --input v.npy --to int8 --output q.npy --save-calibration r.npy").status == 0)
        #expect(try simile("quantize --input v.npy --to int8 --output q.i8bin --calibration r.npy").status == 0)
        #expect(try folder.bytes("q.npy").suffix(18) == folder.bytes("q.i8bin").suffix(18))
        #expect(try folder.bytes("q.npy").suffix(18).prefix(3) == [UInt8(bitPattern: -64), 0x80, 0x80])
    }

    @Test func `a search takes the signs of quantize for a prefilter, and says that it is approximate`() throws {
        #expect(try simile("quantize --input v.npy --to binary --output b.npy").status == 0)
        let search = "search --queries v.npy --corpus v.npy -k 2"
        let all = try simile("\(search) --prefilter b.npy --candidates 6 --output a.jsonl")
        #expect(all.status == 0 && all.errors.contains("approximate: a neighbor is missed"), "\(all.errors)")
        #expect(try simile("\(search) --output e.jsonl").status == 0)
        #expect(try folder.bytes("a.jsonl") == folder.bytes("e.jsonl"))
        let other = try simile("\(search) --prefilter v.npy")
        #expect(other.status == 3 && other.errors.contains("v.npy: expected 6 rows of 1 bytes"), "\(other.errors)")
        #expect(try simile("\(search) --candidates 6").status == 2)
    }

    @Test func `map draws every point once`() throws {
        let html = try simile("map --input t.jsonl --vectors v.npy --epochs 20 --color kind --output m.html --title T")
        #expect(html.status == 0, "\(html.errors)")
        let page = try folder.text("m.html")
        #expect(page.contains("\\u003cthree\\u003e") && page.contains("const names = [\"fruit\",\"number\"];"))
        let svg = try simile("map --input v.npy --layout principal --clusters 2 --output m.svg")
        #expect(svg.status == 0, "\(svg.errors)")
        #expect(try folder.text("m.svg").components(separatedBy: "<circle").count == 7)
        for threads in [1, 2] {
            #expect(
                try simile("map --input v.npy --epochs 20 --threads \(threads) --output p\(threads).npy").status == 0
            )
        }
        #expect(try folder.bytes("p1.npy") == folder.bytes("p2.npy"))
        #expect(try simile("map --input p1.npy --output p.csv").status == 0)
        #expect(try folder.text("p.csv").hasPrefix("row,x,y,group\n0,"))
        // The three vectors of the page on embeddings, where they are.
        try folder.write("c.npy", NumpyBytes.floats([[0.10, 0.10], [0.95, 0.90], [0.96, 0.87]]))
        #expect(try simile("map --input c.npy --output c.svg").status == 0)
        #expect(try folder.text("c.svg").contains(">0.8</text>"))
    }

    @Test func `a matrix is drawn in the order of clusters`() throws {
        #expect(try simile("matrix --input t.jsonl --order cluster --output m.npy").status != 0)
        let run = try simile("matrix --input v.npy --order cluster --output m.svg")
        #expect(run.status == 0, "\(run.errors)")
        let labels = try folder.text("m.svg").components(separatedBy: "text-anchor=\"end\">row ").dropFirst().compactMap
        { $0.first?.wholeNumberValue }
        #expect(labels.count == 6 && Set(labels.prefix(3).map { $0 % 2 }).count == 1, "\(labels)")
    }

    @Test func `what cannot be is refused, and nothing is lost`() throws {
        try folder.write("one.npy", NumpyBytes.floats([[1, 2, 3]]))
        try folder.write("nan.npy", NumpyBytes.floats([[1, 2, 3], [.nan, 0, 0]]))
        try folder.write("l.npy", NumpyBytes.file("<i8", "(2,)", data: [UInt8](repeating: 0, count: 16)))
        try folder.write("p.csv", "query,positive\n0,9\n")
        try folder.write("w.npy", NumpyBytes.floats([[1, 2]]))
        let before = try folder.files()
        for (line, status, message) in [
            ("cluster --input v.npy -k 7 --output l.csv", 3, "at least 7 distinct rows for 7 clusters, found 6"),
            ("cluster --input one.npy -k 2", 3, "found 1"), ("cluster --input v.npy -k 0", 2, "at least 1"),
            ("cluster --input v.npy -k 2 --metric dot", 2, "no mean"),
            ("cluster --input nan.npy -k 1", 3, "1 invalid row"),
            ("cluster --input v.npy -k 2 --output l.txt", 2, ".jsonl, .csv, .npy"),
            ("cluster --input v.npy -k 2 --start-centroids one.npy", 3, "expected 2 first centroids, found 1"),
            ("communities --input v.npy --threshold inf", 2, "threshold"),
            ("communities --input v.npy --threshold 0.5 --min-size 0", 2, "at least 1"),
            ("mine --queries v.npy --corpus v.npy --positives p.csv", 3, "p.csv, line 2: expected a row of 0 to 5"),
            ("mine --queries one.npy --corpus v.npy", 3, "row i of the corpus answers query i"),
            ("mine --queries v.npy --corpus v.npy --range-min 5 --range-max 5", 2, "--range-max"),
            ("reduce --input v.npy --dims 4 --output r.npy", 2, "has 3 dimensions"),
            ("reduce --input one.npy --dims 2 --output r.npy", 3, "at least 2 rows"),
            ("reduce --input v.npy --output r.npy", 2, "--dims or --apply"),
            ("reduce --input v.npy --apply v.npy --output r.npy", 3, "v.npy"),
            ("quantize --input v.npy --to int8 --output q.f16bin", 2, "holds float16, not int8"),
            (
                "quantize --input v.npy --to int8 --calibration w.npy --output q.npy", 3,
                "two rows of 3 finite components"
            ),
            ("map --input v.npy --labels l.npy --output m.svg", 3, "a label for each of the 6 rows, found 2"),
            ("map --input v.npy --output no/m.svg", 1, "no/m.svg"),
            ("map --input v.npy --output m.png", 2, ".html, .svg"),
            ("map --input v.npy --layout plane --output m.svg", 2, "2 dimensions"),
            ("map --input v.npy --output v.npy", 2, "replace or remove"),
        ] {
            let run = try simile(line)
            #expect(Int(run.status) == status && run.errors.contains(message), "\(line): \(run.status) \(run.errors)")
            #expect(try folder.files() == before, "\(line)")
        }
        // Rows that are all equal, and one row alone, are pictures too.
        try folder.write("same.npy", NumpyBytes.floats([[Float]](repeating: [1, 2, 3], count: 20)))
        for (input, output) in [("same.npy", "a.svg"), ("one.npy", "b.html")] {
            #expect(try simile("map --input \(input) --output \(output)").status == 0)
        }
    }
}
