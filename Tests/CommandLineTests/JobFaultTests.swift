// SPDX-License-Identifier: Apache-2.0
//
// Jobs in a world that does not stand still: inputs that change while a part runs, files of groups that are not what their names
// say, several processes at one part or one checkpoint, two plans in one folder. What is wrong is made anew or told; nothing that
// is wrong counts as done.

import Foundation
import Testing

@Suite struct JobFaultTests {
    let folder: WorkFolder
    private let rows: [[Float]]

    init() throws {
        folder = try WorkFolder()
        var state: UInt64 = 5
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) * 0x1p-23
        }
        rows = (0..<1200).map { _ in (0..<96).map { _ in next() } }
        try folder.write("x.npy", NumpyBytes.floats(rows))
    }

    private static let environment = ["SWIFT_BACKTRACE": "enable=no"]
    private let plan =
        "plan search --queries x.npy --corpus x.npy -k 4 --group-rows 60 --no-prepare --output r.csv --job J"

    private func simile(_ line: String) throws -> CommandRun {
        let words = line.split(separator: " ").map(String.init)
        return try folder.run(executable: CommandRun.binary, words, environment: Self.environment)
    }

    private func succeed(_ line: String) throws {
        let run = try simile(line)
        #expect(run.status == 0, "\(line): \(run.errors)")
    }

    /// A process that runs beside the test.
    private func start(_ line: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandRun.binary)
        process.arguments = line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(Self.environment) { $1 }
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Names and inodes of the groups of a job.
    private func groups(_ job: String = "J") throws -> [String: UInt64] {
        let path = "\(folder.path)/\(job)/groups"
        var found: [String: UInt64] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.hasSuffix(".group") {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            found[name] = (attributes?[.systemFileNumber] as? NSNumber)?.uint64Value
        }
        return found
    }

    private func waitForGroups(_ count: Int, of process: Process) throws {
        while try groups().count < count, process.isRunning { usleep(2000) }
    }

    /// The job ends with the bytes of the plain command.
    private func expectMerge() throws {
        try succeed("merge --job J --quiet")
        try succeed("search --queries x.npy --corpus x.npy -k 4 --output plain.csv --quiet")
        #expect(try folder.bytes("r.csv") == folder.bytes("plain.csv"))
    }

    @Test func `groups that were computed while an input changed are not kept, and the old file makes the job whole`()
        throws
    {
        try succeed(plan)
        try succeed("run --job J --part 0/5")
        let before = try groups()
        let path = "\(folder.path)/x.npy"
        _ = try folder.shell("cp -p x.npy good.npy")
        let process = try start("run --job J --engine reference --threads 1")
        try waitForGroups(before.count + 1, of: process)
        // In place, as an editor or a running export does it.
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 128)
        try file.write(contentsOf: Data(count: 400_000))
        try file.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 3)
        _ = try folder.shell("cp -p good.npy x.npy")
        try succeed("run --job J")
        try expectMerge()
        try succeed("verify --job J --recompute 100")
    }

    @Test func `an input that is changed and put back while a group is computed costs another round`() throws {
        try succeed(plan)
        _ = try folder.shell("cp -p x.npy good.npy")
        let process = try start("run --job J --engine reference --threads 1")
        for _ in 0..<6 {
            try waitForGroups(try groups().count + 1, of: process)
            // The same bytes and the same time as before, and other ones for a moment.
            _ = try folder.shell(
                "dd if=/dev/zero of=x.npy bs=1k seek=1 count=300 conv=notrunc 2>/dev/null; cp -p good.npy x.npy"
            )
        }
        process.waitUntilExit()
        // Where a look fell into that moment, the run has ended, with what it had.
        #expect([0, 3].contains(process.terminationStatus))
        try succeed("run --job J")
        try expectMerge()
    }

    @Test(arguments: ["empty", "cut", "a bit", "of another job", "of another group"])
    func `a group that is not what its name says is made anew`(how: String) throws {
        try succeed(plan)
        try succeed("run --job J")
        let names = try groups().keys.sorted()
        let path = "J/groups/\(names[3])"
        var bytes = try folder.bytes(path)
        switch how {
        case "empty": bytes = []
        case "cut": bytes = Array(bytes.prefix(100))
        case "a bit": bytes[200] ^= 1
        case "of another group": bytes = try folder.bytes("J/groups/\(names[4])")
        default:
            try succeed(plan.replacing("-k 4", with: "-k 5").replacing("J", with: "K"))
            try succeed("run --job K")
            bytes = try folder.bytes("K/groups/\(names[3])")
        }
        try folder.write(path, bytes)
        // The checksum is looked at by run, merge and verify.
        #expect(try simile("status --job J").status == (how == "a bit" ? 0 : 1))
        #expect([1, 3].contains(try simile("merge --job J").status))
        let run = try simile("run --job J")
        #expect(run.status == 0 && run.errors.contains("1 groups done"), "\(run.errors)")
        try expectMerge()
    }

    @Test func `a manifest of another request makes every group anew`() throws {
        try succeed(plan)
        try succeed("run --job J")
        let text = try folder.text("J/manifest.json")
        try folder.write("J/manifest.json", text.replacing("\"k\": 4", with: "\"k\": 5"))
        #expect(try simile("status --job J").output.contains(#""done":0"#))
        try succeed("run --job J")
        try succeed("merge --job J --quiet")
        try succeed("search --queries x.npy --corpus x.npy -k 5 --output plain.csv --quiet")
        #expect(try folder.bytes("r.csv") == folder.bytes("plain.csv"))
    }

    @Test func `several processes at one part share it, and one that is killed is stepped in for`() throws {
        try succeed(plan)
        let all = try (0..<3).map { _ in try start("run --job J --engine reference --threads 1") }
        var seen: [String: UInt64] = [:]
        var isKilled = false
        while all.contains(where: \.isRunning) {
            for (name, inode) in try groups() {
                #expect(seen[name] == nil || seen[name] == inode, "\(name) was made twice")
                seen[name] = inode
            }
            if seen.count >= 3, !isKilled {
                kill(all[0].processIdentifier, SIGKILL)
                isKilled = true
            }
            usleep(3000)
        }
        #expect(all[1...].allSatisfy { $0.terminationStatus == 0 } && isKilled)
        #expect(try simile("status --job J").status == 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/J/groups")
        #expect(left.filter { $0.hasSuffix(".lock") }.isEmpty)
        try expectMerge()
    }

    @Test func `of two plans in one folder exactly one wins`() throws {
        for round in 0..<5 {
            let requests = (1...4).map { plan.replacing("-k 4", with: "-k \($0)").replacing("J", with: "J\(round)") }
            let all = try requests.map { try start($0) }
            for process in all { process.waitUntilExit() }
            #expect(all.map(\.terminationStatus).sorted() == [0, 2, 2, 2])
            let winner = try #require(all.firstIndex { $0.terminationStatus == 0 })
            #expect(try folder.text("J\(round)/manifest.json").contains("\"k\": \(winner + 1),"))
        }
    }

    @Test func `a checkpoint belongs to one process at a time, and what a killed one leaves goes with it`() throws {
        let search = "search --queries x.npy --corpus x.npy -k 4 --output r.csv --resume"
        let first = try start("\(search) --engine reference --threads 1")
        while try groups("r.csv.job").isEmpty, first.isRunning { usleep(2000) }
        let second = try simile(search)
        #expect(!first.isRunning || second.status == 1 && second.errors.contains("another process"), "\(second.errors)")
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        for name in [".corpus.simile.4059.27.tmp", "groups/.00000000.group.4059.1.tmp", "groups/00000000.lock"] {
            try folder.write("r.csv.job/\(name)", "")
        }
        try succeed(search)
        #expect(try folder.files() == ["r.csv", "x.npy"])
    }

    @Test func `a checkpoint that was left while it was removed is gone on with`() throws {
        let search = "search --queries x.npy --corpus x.npy -k 4 --output r.csv --resume"
        try succeed(plan.replacing("--job J", with: "--job r.csv.job").replacing(" --no-prepare", with: ""))
        _ = try folder.shell("rmdir r.csv.job/groups")
        #expect(try simile("status --job r.csv.job").status == 1)
        try succeed(search)
        #expect(try folder.files() == ["r.csv", "x.npy"])
    }

    #if Compression
    @Test func `inputs that are not there again are refused before anything is kept`() throws {
        _ = try folder.shell("gzip -k x.npy")
        for line in [
            "join --left x.npy.gz --threshold 0.5 --output r.csv --resume",
            "search --queries x.npy.gz --corpus x.npy --output r.csv --resume",
        ] {
            let run = try simile(line)
            #expect(run.status == 2 && run.errors.contains("x.npy.gz is a pipe, or is expanded"), "\(run.errors)")
        }
        let piped = try folder.shell("cat x.npy | $SIMILE join --left - --threshold 0.5 --output r.csv --resume")
        #expect(piped.status == 2 && piped.errors.contains("standard input"), "\(piped.errors)")
        #expect(try folder.files() == ["x.npy", "x.npy.gz"])
    }
    #endif

    @Test func `an invalid row is named by its number and its file when the job is planned`() throws {
        var bad = rows
        (bad[1150][3], bad[700][0]) = (.nan, .infinity)
        try folder.write("bad.npy", NumpyBytes.floats(bad))
        for line in [
            "plan search --queries bad.npy --corpus x.npy --output r.csv --job J",
            "plan search --queries x.npy --corpus bad.npy --output r.csv --job J",
            "plan search --queries bad.npy --corpus bad.npy --exclude-self --output r.csv --job J",
            "plan join --left bad.npy --threshold 0.5 --output r.csv --job J",
            "search --queries bad.npy --corpus bad.npy --exclude-self --output r.csv --resume",
        ] {
            let run = try simile(line)
            #expect(
                run.status == 3 && run.errors.contains("bad.npy") && run.errors.contains("700, 1150"),
                "\(run.errors)"
            )
        }
    }

    @Test(arguments: ["--parts 100000000000000000", "--group-rows 9223372036854775807", "--parts 0", "--group-rows -1"])
    func `numbers of parts and rows that cannot be are wrong usage`(option: String) throws {
        #expect(try simile("\(plan.replacing("--group-rows 60 ", with: "")) \(option)").status == 2)
    }

    @Test func `k may be as large as a number can be`() throws {
        let largest = "-k 9223372036854775807 --exclude-self"
        try succeed("search --queries x.npy --corpus x.npy \(largest) --output a.csv")
        try succeed("plan search --queries x.npy --corpus x.npy \(largest) --output b.csv --job J")
        try succeed("run --job J")
        try succeed("merge --job J")
        #expect(try folder.bytes("a.csv") == folder.bytes("b.csv"))
    }
}
