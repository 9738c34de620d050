// SPDX-License-Identifier: Apache-2.0
//
// SharedBytes, TemporaryFile, FileIdentity: mapping, publishing, removal, links, refusals. The tests may run as root,
// so an unwritable folder is one whose parent is a file, and a full disk is /dev/full's business in `VectorFilesTests`.

import Foundation
import System
import Testing
import VectorTestSupport

@Suite struct FileTests {
    private func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { [UInt8]($0) } }

    @Test("mapped bytes are the file's, and memory is copied")
    func bytes() throws {
        try withFolder { folder in
            let path = folder + "/b"
            for count in [0, 1, 4095, 4096, 4097] {
                let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                try Data(data).write(to: URL(fileURLWithPath: path))
                let mapped = try SharedBytes(mapping: path)
                #expect(mapped.byteCount == count)
                #expect(mapped.withBytes { span in span.indices.map { span[$0] } } == data)
            }
        }
        let floats = SharedBytes(floatCount: 3) { span in for i in span.indices { span[i] = Float(i) } }
        #expect(floats.byteCount == 12)
        #expect(SharedBytes(copying: [Float]()).byteCount == 0)
    }

    @Test("a missing file, a folder, a device and a pipe without a writer are refused")
    func refusedMappings() throws {
        try withFolder { folder in
            let pipe = folder + "/pipe"
            #expect(unsafe mkfifo(pipe, 0o600) == 0)
            for path in [folder + "/none", folder, "/dev/null", pipe, folder + "/none/b"] {
                let error = #expect(throws: SystemError.self) { try SharedBytes(mapping: path) }
                #expect(error?.path == path && error?.reason.isEmpty == false)
            }
        }
    }

    @Test("a file has its name only once it is published")
    func publishing() throws {
        try withFolder { folder in
            let (path, registry) = (folder + "/out", TemporaryFiles())
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            let file = try TemporaryFile(beside: path, registry: registry)
            try file.write([UInt8]("ne".utf8).span)
            try file.write([UInt8]("w".utf8).span)
            try file.sync()
            #expect(contents(path) == [UInt8]("old".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
            try file.publish()
            #expect(contents(path) == [UInt8]("new".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out"])
            registry.removeAll()
            #expect(contents(path) != nil, "a published file is no longer temporary")
        }
    }

    @Test("an unpublished file removes itself, and the registry removes it too")
    func removal() throws {
        try withFolder { folder in
            do {
                let file = try TemporaryFile(beside: folder + "/out", registry: nil)
                try file.write([1, 2, 3].span)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            let registry = TemporaryFiles()
            let file = try TemporaryFile(beside: folder + "/out", registry: registry)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
            registry.removeAll()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
            withExtendedLifetime(file) {}
        }
    }

    @Test("a link is followed, whether or not its target exists", arguments: [true, false])
    func links(targetExists: Bool) throws {
        try withFolder { folder in
            let (link, target) = (folder + "/link", folder + "/target")
            if targetExists { try Data().write(to: URL(fileURLWithPath: target)) }
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
            let file = try TemporaryFile(beside: link, registry: nil)
            try file.write([7].span)
            try file.sync()
            try file.publish()
            #expect(contents(target) == [7])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target")
        }
    }

    @Test("a folder, a device, a missing folder and a file as folder cannot be written to")
    func refusedOutputs() throws {
        try withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            for path in [folder, "/dev/null", folder + "/none/out", folder + "/file/out"] {
                #expect(throws: SystemError.self) { _ = try TemporaryFile(beside: path, registry: nil) }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }
    }

    @Test("a name as long as the file system allows can be written")
    func longName() throws {
        try withFolder { folder in
            let path = folder + "/" + String(repeating: "x", count: 255)
            let file = try TemporaryFile(beside: path, registry: nil)
            try file.sync()
            try file.publish()
            #expect(contents(path) == [])
        }
    }

    @Test("two paths are the same file if device and inode are")
    func identity() throws {
        try withFolder { folder in
            let path = folder + "/a"
            try Data().write(to: URL(fileURLWithPath: path))
            try FileManager.default.createSymbolicLink(atPath: folder + "/l", withDestinationPath: "a")
            #expect(FileIdentity(path: path) != nil && FileIdentity(path: path) == FileIdentity(path: folder + "/l"))
            #expect(FileIdentity(path: folder) != FileIdentity(path: path))
            #expect(FileIdentity(path: folder + "/none") == nil)
        }
    }
}
