// SPDX-License-Identifier: Apache-2.0
//
// A reader sees all of a file or nothing: writers that fail leave what was there and no temporary; groups publish their
// marker last and remove it first; links are followed; folders are refused. The tests may run as root, for whom no folder
// is read-only, so failures come from a folder whose parent is a file, from /proc, and from the check that gives up.
// Out of scope: crashes between the renames of a group, and a full disk.

import Foundation
import Similarity
import System
import Testing
import VectorFiles
import VectorTestSupport

@Suite struct AtomicityTests {
    private struct GivenUp: Error {}
    private static let none = ResultIDs(queries: nil, corpus: nil)
    private static let matrix = VectorMatrix(rows: [[1, 2], [3, 4]])
    private static let named = matrix.withIDs([.string("a"), .integer(2)])

    @Test("a writer that gives up leaves the old files and nothing else", arguments: ["r.jsonl", "r.csv", "r.npy"])
    func givenUp(name: String) throws {
        let found = try Self.matrix.nearest(to: Self.matrix, k: 1)
        let joined = try Self.matrix.selfJoin(threshold: 0)
        try withFolder { folder in
            let path = folder + "/" + name
            try NeighborFile(path: path).write(found, ids: Self.none)
            try PairFile(path: path.replacing("/r.", with: "/p.")).write(joined, ids: Self.none)
            let before = try TestFiles.names(in: folder)
            let contents = try before.map { try TestFiles.bytes(folder + "/" + $0) }
            // Give up at each of the places where the writer asks.
            for last in 0..<6 {
                var calls = 0
                func check(_ written: Int) throws {
                    calls += 1
                    if calls > last { throw GivenUp() }
                }
                do { try NeighborFile(path: path).write(found, ids: Self.none, check: check) } catch is GivenUp {}
                calls = 0
                do {
                    try PairFile(path: path.replacing("/r.", with: "/p.")).write(joined, ids: Self.none, check: check)
                } catch is GivenUp {}
                #expect(try TestFiles.names(in: folder) == before, "given up after \(last)")
                #expect(try before.map { try TestFiles.bytes(folder + "/" + $0) } == contents)
            }
        }
    }

    @Test("an output that is opened and dropped leaves nothing; the registry removes what is open")
    func dropped() throws {
        try withFolder { folder in
            for name in ["r.jsonl", "r.csv", "r.npy"] { _ = try NeighborFile(path: folder + "/" + name) }
            #expect(try TestFiles.names(in: folder) == [])
            let registry = TemporaryFiles()
            let output = try NeighborFile(path: folder + "/r.jsonl", registeredIn: registry)
            #expect(try TestFiles.names(in: folder).count == 1)
            registry.removeAll()
            #expect(try TestFiles.names(in: folder) == [])
            withExtendedLifetime(output) {}
        }
    }

    @Test("places that cannot be written to are refused before the work", arguments: ["jsonl", "csv", "npy"])
    func unwritable(ending: String) throws {
        try withFolder { folder in
            try TestFiles.write([1], to: folder + "/file")
            for parent in [folder + "/file", folder + "/none", "/proc", "/dev/null"] {
                let path = parent + "/r." + ending
                for make in [{ _ = try NeighborFile(path: path) }, { _ = try PairFile(path: path) }]
                    as [() throws -> Void]
                {
                    let error = #expect(throws: VectorFileError.self) { try make() }
                    #expect(error?.code == .notWritten && error?.path.hasPrefix(parent) == true, "\(path)")
                }
            }
            #expect(try TestFiles.names(in: folder) == ["file"])
            #expect(throws: VectorFileError.self) { try VectorFile.write(Self.matrix, to: folder + "/file/v.npy") }
        }
    }

    @Test("a folder as output is refused and stays")
    func folderAsOutput() throws {
        try withFolder { folder in
            for name in ["r.jsonl", "v.npy", "v.fvecs", "n.scores.npy"] {
                try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: false)
            }
            expectError(.notWritten, path: folder + "/r.jsonl") { _ = try NeighborFile(path: folder + "/r.jsonl") }
            expectError(.notWritten, path: folder + "/n.scores.npy") { _ = try PairFile(path: folder + "/n.npy") }
            for name in ["v.npy", "v.fvecs"] {
                expectError(.notWritten, path: folder + "/" + name) {
                    try VectorFile.write(Self.named, to: folder + "/" + name)
                }
            }
            #expect(try TestFiles.names(in: folder) == ["n.scores.npy", "r.jsonl", "v.fvecs", "v.npy"])
        }
    }

    @Test("unknown endings are wrong usage, known ones for another purpose too")
    func endings() throws {
        try withFolder { folder in
            for name in ["r", "r.txt", "r.fvecs", "r.xyz", ".jsonl/r"] {
                expectError(.unknownFormat, path: folder + "/" + name) {
                    _ = try NeighborFile(path: folder + "/" + name)
                }
                expectError(.unknownFormat, path: folder + "/" + name) { _ = try PairFile(path: folder + "/" + name) }
            }
            expectError(.unknownFormat, path: folder + "/v.csv") {
                try VectorFile.write(Self.matrix, to: folder + "/v.csv")
            }
        }
    }

    @Test(
        "links stay and what they lead to is written",
        arguments: ["v.npy", "v.fvecs", "r.jsonl", "r.npy"],
        [true, false]
    )
    func links(name: String, exists: Bool) throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/there", withIntermediateDirectories: false)
            let file = name == "r.npy" ? "r.rows.npy" : name
            if exists { try TestFiles.write([1, 2, 3], to: folder + "/there/" + file) }
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/" + file,
                withDestinationPath: "there/" + file
            )
            if name.hasPrefix("v") {
                try VectorFile.write(Self.matrix, to: folder + "/" + name)
            } else {
                try NeighborFile(path: folder + "/" + name).write(
                    try Self.matrix.nearest(to: Self.matrix, k: 1),
                    ids: Self.none
                )
            }
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + file) == "there/" + file)
            #expect(try TestFiles.bytes(folder + "/there/" + file).count > 3)
            #expect(try TestFiles.names(in: folder + "/there") == [file])
        }
    }

    @Test("ids stand beside the vectors, are read back, and go with them")
    func ids() throws {
        try withFolder { folder in
            for name in ["v.npy", "w.fvecs"] {
                let path = folder + "/" + name
                try VectorFile.write(Self.named, to: path)
                let lines = try TestFiles.text(path + ".ids.jsonl").split(separator: "\n")
                #expect(lines.dropFirst() == [#"{"row":0,"id":"a"}"#, #"{"row":1,"id":2}"#])
                #expect(lines[0].hasPrefix(#"{"rows":2,"bytes":"#) && lines[0].contains(#","checksum":""#))
                #expect(try VectorFile.read(path).ids == [.string("a"), .integer(2)])
                try VectorFile.write(Self.matrix, to: path)
                #expect(try VectorFile.read(path).ids == nil)
            }
            #expect(try TestFiles.names(in: folder) == ["v.npy", "w.fvecs"])
        }
    }

    @Test(
        "ids that do not fit the rows are refused, with the file and the line",
        arguments: [
            ("{\"row\":0,\"id\":1}\n", nil), ("{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n", nil),
            ("{\"row\":0,\"id\":1}\n{\"row\":2,\"id\":2}\n", "line 2"),
            ("{\"row\":0}\n{\"id\":2}\n", "line 1"), ("{\"id\":1}\nx\n", "line 2"), ("", nil),
            ("{\"id\":1}\n\n{\"id\":null}", "line 3"),
        ] as [(String, String?)]
    )
    func brokenIDs(text: String, place: String?) throws {
        try withFolder { folder in
            try VectorFile.write(Self.matrix, to: folder + "/v.npy")
            let path = folder + "/v.ids.jsonl"
            try TestFiles.write(Array(text.utf8), to: path)
            let error = expectError(.refused, path: path) { _ = try VectorFile.read(folder + "/v.npy") }
            #expect(error?.place == place, "\(error?.description ?? "")")
        }
    }

    @Test("a group removes its old marker before anything, and publishes it last")
    func groups() throws {
        try withFolder { folder in
            let group = FileGroup()
            for name in ["a", "marker"] { try TestFiles.write([9], to: folder + "/" + name) }
            try group.add(folder + "/a").write("new")
            try group.addMarker(folder + "/marker").write("new")
            group.supersede(folder + "/old")
            // A folder in the way of a removal: the marker is gone by then, the new files have no names yet.
            try FileManager.default.createDirectory(atPath: folder + "/old", withIntermediateDirectories: false)
            expectError(.notWritten, path: folder + "/old") { try group.commit() }
            #expect(!FileManager.default.fileExists(atPath: folder + "/marker"))
            #expect(FileManager.default.contents(atPath: folder + "/a") == Data([9]))
        }
        try withFolder { folder in
            let (files, group) = (FileManager.default, FileGroup())
            try files.createSymbolicLink(atPath: folder + "/a", withDestinationPath: "first")
            try group.add(folder + "/a").write("new")
            try group.addMarker(folder + "/marker").write("new")
            // A folder now has the data file's name, and the link leads elsewhere, so that removing older files does not
            // meet it: the data file cannot be published, and the marker must not be.
            try files.createDirectory(atPath: folder + "/first", withIntermediateDirectories: false)
            try files.removeItem(atPath: folder + "/a")
            try files.createSymbolicLink(atPath: folder + "/a", withDestinationPath: "second")
            expectError(.notWritten, path: folder + "/a") { try group.commit() }
            #expect(try TestFiles.names(in: folder).filter { !$0.hasPrefix(".") } == ["a", "first"])
        }
    }
}
