// SPDX-License-Identifier: Apache-2.0

// `simile bench` from outside: the one JSON object that scripts read, its fields under each flag, digests that agree
// wherever results must, and combinations that are wrong usage. No time is asserted.

import Foundation
import Testing

@Suite struct BenchCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        try folder.write("v.npy", NumpyBytes.floats([[1, 0], [3, 4], [0, 2], [6, 8], [1, 1]]))
        try folder.write("w.npy", NumpyBytes.floats([[0, 1], [5, 0]]))
        try folder.write("wide.npy", NumpyBytes.floats([[1, 2, 3]]))
        try folder.write("none.npy", NumpyBytes.file("<f4", "(0, 2)", data: []))
    }

    /// The object that a measurement prints.
    private func measure(_ line: String) throws -> [String: Any] {
        let run = try folder.shell("$SIMILE bench \(line) --threads 1")
        #expect(run.status == 0 && run.errors.isEmpty && run.lines.count == 1, "\(run.errors)")
        return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    private func digest(_ line: String) throws -> String { try #require(try measure(line)["digest"] as? String) }

    @Test func `search has runs, medians, counters and the bare work`() throws {
        let object = try measure("search --queries w.npy --corpus v.npy -k 3 --runs 3")
        let runs = try #require(object["runs"] as? [[String: Double]])
        #expect(runs.count == 3)
        #expect(runs.allSatisfy { Set($0.keys) == ["seconds", "gflops", "bareSeconds", "bareGflops", "ratio"] })
        #expect(object["bare"] as? String == "read of the corpus")
        #expect((object["counters"] as? [String: Any])?["pairs"] as? Int == 10)
        #expect(object["prepared"] as? Bool == false && object["prepareSeconds"] == nil)
        #expect(object["memory"] != nil && (object["digest"] as? String)?.count == 16)
    }

    @Test func `without the bare work there are no fields of it`() throws {
        let object = try measure("search --random 50x8 --query-count 9 --runs 1 --warmup 0 --no-bare")
        #expect(try #require(object["runs"] as? [[String: Double]]).map { Set($0.keys) } == [["seconds", "gflops"]])
        #expect(object["bare"] == nil && object["memory"] == nil)
    }

    @Test func `one by one has a median of the calls and finds the same`() throws {
        let object = try measure("search --random 300x8 --query-count 9 --runs 2 --one-by-one")
        let median = try #require(object["median"] as? [String: Double])
        #expect(try #require(median["perQuery"]) < #require(median["seconds"]))
        #expect((object["counters"] as? [String: Any])?["pairs"] as? Int == 2700)
        let batch = try digest("search --random 300x8 --query-count 9 --runs 1")
        #expect(object["digest"] as? String == batch)
    }

    @Test func `a corpus is its own queries`() throws {
        let object = try measure("search --corpus v.npy --self -k 10 --runs 1")
        #expect(object["self"] as? Bool == true && object["queries"] as? Int == 5)
        // Nobody finds itself: each of the five gets a verdict or a drop for the four others at most.
        let counters = try #require(object["counters"] as? [String: Any])
        let decided = try #require(counters["filtered"] as? Int) + #require(counters["verdicts"] as? Int)
        #expect(decided == 20)
        let drawn = try measure("search --random 40x8 --self -k 3 --runs 1 --no-bare")
        #expect(drawn["rows"] as? Int == 40)
    }

    @Test func `join has runs, what it found and counters`() throws {
        let object = try measure("join --left v.npy --threshold 0.8 --runs 3")
        #expect((object["runs"] as? [[String: Double]])?.count == 3)
        #expect(object["found"] as? Int == 5 && object["self"] as? Bool == true)
        let two = try measure("join --left v.npy --right w.npy --threshold 4 --metric euclidean --runs 1 --warmup 0")
        #expect(two["self"] as? Bool == false && two["found"] as? Int == 4)
    }

    /// Sums and mixes as the type's documentation says, so that scripts may do the same.
    @Test func `the digest is that of the result`() throws {
        func mixed(_ number: UInt64) -> UInt64 {
            var z = number
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return z ^ z >> 31
        }
        // Pairs (1, 2), (1, 3), (1, 4), (2, 3), (3, 4) of v.npy reach 0.8.
        let run = try folder.run("join", "--left", "v.npy", "--threshold", "0.8", "--format", "csv")
        let pairs = run.lines.dropFirst().map { $0.split(separator: ",") }
        let words =
            pairs.flatMap { [UInt64($0[0]) ?? 0, UInt64($0[1]) ?? 0] }
            + pairs.map { UInt64((Float($0[2]) ?? 0).bitPattern) }
        let sum = words.enumerated().reduce(UInt64(0)) { $0 &+ mixed($1.element ^ mixed(UInt64($1.offset))) }
        let digits = String(sum, radix: 16)
        #expect(
            try digest("join --left v.npy --threshold 0.8 --runs 1")
                == String(repeating: "0", count: 16 - digits.count) + digits
        )
    }

    @Test func `digests agree between engines and differ between results`() throws {
        let search = "search --random 700x24 --query-count 20 --runs 1 --no-bare"
        #expect(try digest("\(search) --engine simd") == digest("\(search) --engine reference"))
        #expect(try digest("\(search) -k 9") != digest("\(search) -k 10"))
        let join = "join --left v.npy --runs 1 --threshold"
        #expect(try digest("\(join) 0.8 --engine simd") == digest("\(join) 0.8 --engine reference"))
        #expect(try digest("\(join) 0.8") != digest("\(join) 0.9"))
    }

    @Test(arguments: [
        "search --corpus v.npy", "search --queries v.npy", "search --queries v.npy --corpus v.npy --random 5x2",
        "search --queries v.npy --random 5x2", "search --queries v.npy --corpus v.npy --self", "search --self",
        "search --corpus v.npy --random 5x2 --self", "search --random 5x2 --self --query-count 3",
        "search --queries v.npy --corpus v.npy --query-count 3", "search --corpus v.npy --self --one-by-one",
        "search --random 5x2 --runs 0", "search --random 5x2 --warmup -1", "search --random 5x2 -k 0",
        "search --random 5x2 --query-count 0", "search --random 5x2 --format csv", "join --left v.npy",
        "join --threshold 0.5", "join --left v.npy --threshold nan", "join --left v.npy --threshold 0.5 --runs 0",
        "join --left v.npy --threshold -1 --metric euclidean", "join --left v.npy --threshold 0.5 --format table",
        "join --left v.npy --right w.npy --threshold 0.5 --prepared",
    ])
    func `is wrong usage`(line: String) throws {
        let run = try folder.shell("$SIMILE bench \(line)")
        #expect(run.status == 2, "\(run.errors)")
        #expect(!run.errors.isEmpty && run.output.isEmpty)
    }

    @Test(arguments: [
        "search --queries v.npy --corpus wide.npy", "search --queries none.npy --corpus v.npy",
        "search --corpus none.npy --self", "search --queries v.npy --corpus missing.npy",
        "join --left v.npy --right wide.npy --threshold 1", "join --left v.npy --right none.npy --threshold 1",
        "join --left missing.npy --threshold 1",
    ])
    func `is refused`(line: String) throws {
        let run = try folder.shell("$SIMILE bench \(line)")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.output.isEmpty)
    }
}
