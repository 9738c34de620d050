// SPDX-License-Identifier: Apache-2.0
//
// Files of the tests: fixtures that NumPy wrote, and files made of bytes on the spot.

import Foundation
import Testing
import VectorFiles

enum TestFiles {
    static func fixture(_ name: String) throws -> String {
        try #require(Bundle.module.path(forResource: "Fixtures/" + name, ofType: nil), "the fixture \(name) is missing")
    }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// A `.npy` file of version 1 with this header text and data, for headers that NumPy would not write.
    static func npy(_ header: String, data: [UInt8] = [], version: UInt8 = 1, length: Int? = nil) -> [UInt8] {
        let count = length ?? header.utf8.count
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0]
        for i in 0..<(version == 1 ? 2 : 4) { bytes.append(UInt8(truncatingIfNeeded: count >> (8 * i))) }
        return bytes + Array(header.utf8) + data
    }

    /// Little-endian bytes.
    static func bytes(of values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
    }

    static func bytes(of value: Int32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> Int32(8 * $0)) } }
}

/// Expects an error of a kind that names the file and, if given, the place and a part of the message.
@discardableResult
func expectError(
    _ kind: VectorFileError.Code,
    path: String,
    place: String? = nil,
    saying part: String = "",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) -> VectorFileError? {
    let error = #expect(throws: VectorFileError.self, sourceLocation: sourceLocation) { try body() }
    guard let error else { return nil }
    #expect(error.code == kind && error.path == path, "\(error)", sourceLocation: sourceLocation)
    if let place { #expect(error.place == place, "\(error)", sourceLocation: sourceLocation) }
    if !part.isEmpty { #expect(error.description.contains(part), "\(error)", sourceLocation: sourceLocation) }
    #expect(error.description.contains(path) && !error.message.isEmpty, sourceLocation: sourceLocation)
    return error
}
