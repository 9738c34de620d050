// SPDX-License-Identifier: Apache-2.0
//
// Jobs from outside: whatever the parts, their order, engines and levels, a merge has the bytes of the plain command; what is
// damaged, changed or of another job is told of and never merged; a process that is ended, however it is ended, loses the group
// that it is at.

import Foundation
import Testing
import VectorFiles

@Suite struct JobCommandTests {
    let folder: WorkFolder

    init() throws {
        folder = try WorkFolder()
        var state: UInt64 = 11
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) * 0x1p-23
        }
        var rows = (0..<600).map { _ in (0..<40).map { next() / Float(1 + $0 / 4) } }
        // Ties, and rows without a cosine.
        rows += rows.prefix(50) + [[Float](repeating: 0, count: 40)]
        try folder.write("c.npy", NumpyBytes.floats(rows))
        let queries = rows.suffix(131).enumerated().map { (i: Int, row: [Float]) -> String in
            "{\"id\":\"q\(i)\",\"embedding\":\(row)}\n"
        }
        try folder.write("q.jsonl", queries.joined())
        try succeed("convert --input q.jsonl --output q.npy")
    }

    private func simile(_ line: String, level: String = "") throws -> CommandRun {
        try folder.run(
            executable: CommandRun.binary,
            line.split(separator: " ").map(String.init),
            environment: ["SIMILE_INSTRUCTION_SET": level, "SWIFT_BACKTRACE": "enable=no"]
        )
    }

    private func succeed(_ line: String, level: String = "") throws {
        let run = try simile(line, level: level)
        #expect(run.status == 0, "\(line): \(run.errors)")
    }

    private static let searches = [
        "search --queries q.npy --corpus c.npy -k 7",
        "search --queries q.npy --corpus c.npy -k 5000 --metric euclidean",
        "search --queries c.npy --corpus c.npy --exclude-self -k 3",
        "search --queries q.npy --corpus c.npy --metric dot -k 1",
    ]
    private static let joins = [
        "join --left c.npy --threshold 0.4", "join --left q.npy --right c.npy --threshold 0.3",
        "join --left c.npy --threshold 0.9 --metric euclidean", "join --left c.npy --threshold 2",
    ]

    @Test func `a result has a record of its run beside it`() throws {
        let plain = [
            ("search --queries q.npy --corpus c.npy -k 2 --output r.npy", "neighbors", ["queries", "corpus"]),
            ("join --left c.npy --threshold 0.9 --output r.csv --engine simd --threads 1", "pairs", ["left"]),
            ("join --left q.npy --right c.npy --threshold 0.9 --output s.csv --resume", "groups", ["left", "right"]),
        ]
        for (command, counted, roles) in plain {
            try succeed(command)
            let words = command.split(separator: " ").map(String.init)
            let output = words[(words.firstIndex(of: "--output") ?? 0) + 1]
            let data = Data(try folder.bytes(output + ".run.json"))
            let record = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(record["command"] as? [String] == ["simile"] + words)
            #expect(record["result"] as? String == output)
            #expect((record[counted] as? Int ?? 0) > 0)
            for fact in ["version", "isa", "gemm", "threadsFrom", "cpu", "written"] {
                #expect((record[fact] as? String)?.isEmpty == false, "\(fact)")
            }
            let inputs = try #require(record["inputs"] as? [[String: Any]])
            #expect(inputs.map { $0["role"] as? String } == roles)
            for input in inputs {
                let path = try #require(input["path"] as? String)
                let size = try folder.bytes(String(path.split(separator: "/").last ?? "")).count
                #expect(input["bytes"] as? Int == size && (input["checksum"] as? String)?.count == 16)
            }
        }
        var broken = (0..<5).map { [Float($0), 1] }
        broken[3][0] = .nan
        try folder.write("b.npy", NumpyBytes.floats(broken))
        try succeed("join --left b.npy --threshold 0 --output b.csv --skip-invalid")
        #expect(try folder.text("b.csv.run.json").contains("\"rows\": 5, \"skippedRows\": 1"))
    }

    @Test(arguments: searches + joins, ["jsonl", "csv", "npy", "parquet"])
    func `a merge has the bytes of the plain command`(command: String, ending: String) throws {
        let results = { (name: String) in
            try folder.files().filter { $0.hasPrefix(name + ".") }.map {
                ($0.dropFirst(name.count), try folder.bytes($0))
            }
        }
        try succeed("\(command) --output plain.\(ending)")
        let expected = try results("plain")
        // Parts in no order, by engines and levels of their own, of a corpus that is prepared and of one that is not.
        let preparations = ["--no-prepare", "--prepare"]
        for (i, preparation) in preparations.enumerated() {
            try succeed(
                "plan \(command) --output job\(i).\(ending) --job J\(i) --parts 3 --group-rows 37 \(preparation)"
            )
            try succeed("run --job J\(i) --part 2/3 --engine reference", level: "reference")
            try succeed("run --job J\(i) --part 0/5 --threads 1", level: "baseline")
            try succeed("run --job J\(i) --part 1/3 --engine simd")
            #expect(try simile("status --job J\(i)").status == 1)
            #expect(try simile("merge --job J\(i)").status == 1, "groups are missing")
            try succeed("run --job J\(i)")
            try succeed("status --job J\(i)")
            try succeed("verify --job J\(i) --recompute 100")
            try succeed("merge --job J\(i)")
            let found = try results("job\(i)")
            #expect(found.map(\.0) == expected.map(\.0))
            #expect(zip(found, expected).allSatisfy { $0.1 == $1.1 }, "\(command), \(preparation)")
        }
    }

    @Test func `groups of another prepared corpus do not count, and none is needed for what is done`() throws {
        let plan = "plan join --left c.npy --threshold 0.3 --prepare --group-rows 100"
        try succeed("join --left c.npy --threshold 0.3 --output plain.csv")
        try succeed("\(plan) --output r.csv --job J")
        try succeed("run --job J")
        try FileManager.default.removeItem(atPath: "\(folder.path)/J/corpus.simile")
        let idle = try simile("run --job J")
        #expect(idle.status == 0 && idle.errors.contains("0 groups done"), "\(idle.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/J/corpus.simile"))
        // A whole group that says that it is of another order.
        let name = "J/groups/00000003.group"
        let good = try folder.bytes(name)
        var other = Array(good.dropLast(8))
        other[48] ^= 1
        try folder.write(name, other + NumpyBytes.bytes(Checksum64.of(other.span)))
        #expect(try simile("status --job J").output.contains(#""missing":[3]"#))
        #expect(try simile("merge --job J").status == 1)
        try succeed("run --job J")
        #expect(try folder.bytes(name) == good)
        try succeed("verify --job J --recompute 100")
        try succeed("merge --job J")
        #expect(try folder.bytes("r.csv") == folder.bytes("plain.csv"))
        // Other scores, with the right checksum.
        var wrong = Array(good.dropLast(8))
        let entries = (wrong.count - 64) / 20
        try #require(entries > 100)
        for i in 0..<entries { wrong[64 + 16 * entries + 4 * i] ^= 1 }
        try folder.write(name, wrong + NumpyBytes.bytes(Checksum64.of(wrong.span)))
        let refused = try simile("verify --job J --recompute 100")
        #expect(
            refused.status == 1 && refused.errors.contains("computed again"),
            "\(refused.status): \(refused.errors)"
        )
    }

    @Test func `a dry run writes nothing and forecasts`() throws {
        let before = try folder.files()
        let plan = try simile("plan join --left c.npy --threshold 0.3 --output r.csv --job J --dry-run")
        #expect(plan.status == 0 && plan.output.contains(#""left":651,"right":651,"dimension":40"#), "\(plan.errors)")
        #expect(plan.output.components(separatedBy: #""threshold""#).count == 5)
        #expect(try folder.files() == before)
    }

    @Test func `parts are told by the environment`() throws {
        try succeed("plan search --queries q.npy --corpus c.npy --output r.csv --job J --parts 4 --group-rows 20")
        func run(_ variables: [String: String]) throws -> CommandRun {
            try folder.run(executable: CommandRun.binary, ["run", "--job", "J"], environment: variables)
        }
        // 7 groups: 0 ... 6.
        #expect(try run(["SLURM_ARRAY_TASK_ID": "3"]).status == 0)
        #expect(try simile("status --job J").output.contains(#""missing":[0,1,2,4,5,6]"#))
        #expect(try run(["JOB_COMPLETION_INDEX": "1", "SIMILE_PART_COUNT": "2"]).status == 0)
        #expect(try simile("status --job J").output.contains(#""missing":[0,2,4,6]"#))
        for variables in [["SLURM_ARRAY_TASK_ID": "4"], ["SLURM_ARRAY_TASK_ID": "x"], ["OMPI_COMM_WORLD_RANK": "-1"]] {
            let refused = try run(variables)
            #expect(refused.status == 2 && refused.errors.contains("expected"), "\(refused.errors)")
        }
        #expect(try simile("run --job J --part 3/3").status == 2)
        #expect(try simile("run --job J --part 3").status == 2)
    }

    @Test func `what is damaged or of another job is not merged`() throws {
        let plan = "plan search --queries q.npy --corpus c.npy --output r.csv --group-rows 50"
        try succeed("\(plan) --job J")
        try succeed("run --job J")
        try succeed("\(plan) -k 3 --job K")
        try succeed("run --job K")
        let name = "J/groups/00000001.group"
        let good = try folder.bytes(name)
        var flipped = good
        flipped[100] ^= 1
        let damages: [[UInt8]] = [
            flipped, Array(good.dropLast()), [], Array(good.prefix(70)), try folder.bytes("K/groups/00000001.group"),
        ]
        for damaged in damages {
            try folder.write(name, damaged)
            for verb in ["verify", "merge"] {
                let refused = try simile("\(verb) --job J")
                #expect(refused.status == 3 && refused.errors.contains("00000001.group"), "\(refused.errors)")
            }
            #expect(try !folder.files().contains("r.csv"))
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        try succeed("run --job J")
        #expect(try folder.bytes(name) == good)
        try succeed("merge --job J")
        try folder.write("J/manifest.json", "{}")
        #expect(try simile("status --job J").status == 3)
        #expect(try simile("status --job nowhere").status == 3)
        #expect(try simile("\(plan) --job K").status == 2, "the folder holds another job")
    }

    @Test func `inputs that have changed are refused`() throws {
        try succeed("plan join --left c.npy --threshold 0.5 --output r.csv --job J --group-rows 100")
        try succeed("run --job J --part 0/2")
        var bytes = try folder.bytes("c.npy")
        bytes[bytes.count - 3] ^= 0x40
        try folder.write("c.npy", bytes)
        for verb in ["run", "verify"] {
            let refused = try simile("\(verb) --job J")
            #expect(refused.status == 3 && refused.errors.contains("has changed since"), "\(verb): \(refused.errors)")
        }
        let changed = bytes
        bytes[bytes.count - 3] ^= 0x40
        try folder.write("c.npy", bytes)
        try succeed("run --job J")
        try folder.write("c.npy", changed)
        let merge = try simile("merge --job J")
        #expect(merge.status == 3 && merge.errors.contains("has changed since"), "\(merge.errors)")
        for (flags, reason) in [
            ("--left t.txt --threshold 0.5 --output r.csv", "t.txt"),
            ("--left c.npy --threshold 0.5 --output c.npy", "--output"),
            ("--left c.npy --threshold 0.5 --output r.bin", "r.bin"),
        ] {
            let refused = try simile("plan join \(flags) --job N")
            #expect(refused.status == 2 && refused.errors.contains(reason), "\(refused.errors)")
        }
    }

    @Test(arguments: ["search --queries q.npy --corpus c.npy -k 4", "join --left c.npy --threshold 0.3"])
    func `a plain command goes on with what it has kept`(command: String) throws {
        try succeed("\(command) --output plain.csv")
        // What an earlier run has done: a part of a job in the place of its checkpoint.
        try succeed("plan \(command) --output r.csv --job r.csv.job --parts 3 --group-rows 30")
        try succeed("run --job r.csv.job --part 1/3")
        let unused = try simile("\(command) --output r.csv")
        #expect(unused.status == 0 && unused.errors.contains("r.csv.job holds what an earlier run has done"))
        let other = try simile("\(command) --metric dot --output r.csv --resume")
        #expect(other.status == 2 && other.errors.contains("another command"), "\(other.errors)")
        let resumed = try simile("\(command) --output r.csv --resume")
        #expect(resumed.status == 0 && resumed.errors.contains("going on: "), "\(resumed.errors)")
        #expect(try folder.bytes("r.csv") == folder.bytes("plain.csv"))
        try succeed("\(command) --output s.csv --resume")
        #expect(try folder.bytes("s.csv") == folder.bytes("plain.csv"))
        #expect(try !folder.files().contains { $0.hasSuffix(".job") })
        #expect(try simile("\(command) --resume").status == 2)
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGINT])
    func `a process that is ended loses the group that it is at`(signal: Int32) throws {
        let rows = (0..<2500).map { (i: Int) -> [Float] in
            (0..<96).map { (j: Int) -> Float in Float((j * 31 + i * 17) % 101) - 50 }
        }
        try folder.write("l.npy", NumpyBytes.floats(rows))
        let flags = "--left l.npy --threshold 0.99"
        try succeed("join \(flags) --output plain.csv")
        try succeed("plan join \(flags) --output r.csv --job J --group-rows 50 --no-prepare")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = ["run", "--job", "J", "--engine", "reference", "--threads", "1"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        func done() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/J/groups").filter {
                $0.hasSuffix(".group")
            }.count
        }
        let limit = Date(timeIntervalSinceNow: 60)
        while try done() < 2, Date() < limit { Thread.sleep(forTimeInterval: 0.01) }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let kept = try done()
        #expect(kept >= 2 && kept < 50)
        if signal != SIGKILL {
            #expect(process.terminationStatus == 130 && said.contains("\(kept) of 50 groups are kept"), "\(said)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/J/groups").count == kept)
        }
        try succeed("run --job J")
        try succeed("merge --job J")
        #expect(try folder.bytes("r.csv") == folder.bytes("plain.csv"))
    }
}
