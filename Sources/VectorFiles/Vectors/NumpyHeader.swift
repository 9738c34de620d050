// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels
internal import System

/// The header of a `.npy` file, versions 1 to 3: the type, order and shape of the array and where its data begin.
///
/// Format: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays" (numpy.lib.format).
package struct NumpyHeader: Equatable {
    package var descriptor: String
    package var isFortranOrder: Bool
    package var shape: [Int]
    /// Offset of the first component in the file.
    package var dataOffset: Int

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let longestHeader = 1 << 20

    /// Reads the header at the start of a file.
    package init(_ bytes: Span<UInt8>, path: String) throws(VectorFileError) {
        guard bytes.count >= 10 else {
            throw .refused(
                path,
                place: "header",
                "expected a .npy header of at least 10 bytes, found \(bytes.count) bytes"
            )
        }
        for (i, byte) in Self.magic.enumerated() where bytes[i] != byte {
            throw .refused(path, place: "header", "expected the magic bytes of a .npy file (\\x93NUMPY), found others")
        }
        let version = bytes[6]
        guard (1...3).contains(version) else {
            throw .refused(
                path,
                place: "header",
                "expected .npy format version 1, 2 or 3, found \(version).\(bytes[7])"
            )
        }
        let lengthBytes = version == 1 ? 2 : 4
        let start = 8 + lengthBytes
        guard bytes.count >= start else {
            throw .refused(path, place: "header", "expected \(start) bytes of header, found \(bytes.count)")
        }
        let length = version == 1 ? Int(bytes.integer(UInt16.self, at: 8)) : Int(bytes.integer(UInt32.self, at: 8))
        guard length <= Self.longestHeader else {
            throw .refused(
                path,
                place: "header",
                "expected a header of at most \(Self.longestHeader) bytes, found a length of \(length)"
            )
        }
        guard bytes.count - start >= length else {
            throw .refused(
                path,
                place: "header",
                "truncated: expected \(length) bytes of header text, found \(bytes.count - start)"
            )
        }
        var text: [UInt8] = []
        for i in start..<(start + length) { text.append(bytes[i]) }
        var literal = PythonLiteral(text)
        guard let value = literal.parse() else {
            throw .refused(
                path,
                place: "header",
                "expected a Python dictionary, found something else near byte \(start + literal.position)"
            )
        }
        try self.init(dictionary: value, dataOffset: start + length, path: path)
    }

    private init(dictionary: PythonLiteral.Value, dataOffset: Int, path: String) throws(VectorFileError) {
        guard case .dictionary(let entries) = dictionary,
            Set(entries.map(\.key)) == ["descr", "fortran_order", "shape"],
            entries.count == 3
        else {
            throw .refused(
                path,
                place: "header",
                "expected the keys 'descr', 'fortran_order' and 'shape', and only these"
            )
        }
        func value(_ key: String) -> PythonLiteral.Value? { entries.first { $0.key == key }?.value }
        guard case .string(let descriptor)? = value("descr") else {
            throw .refused(path, place: "header", "expected a plain type such as '<f4', found a structured array")
        }
        guard case .boolean(let isFortranOrder)? = value("fortran_order") else {
            throw .refused(path, place: "header", "expected True or False for 'fortran_order'")
        }
        guard case .tuple(let items)? = value("shape") else {
            throw .refused(path, place: "header", "expected a tuple for 'shape'")
        }
        var shape: [Int] = []
        for item in items {
            guard case .integer(let extent) = item else {
                throw .refused(path, place: "header", "expected whole numbers that fit 64 bits in 'shape'")
            }
            shape.append(extent)
        }
        self.descriptor = descriptor
        self.isFortranOrder = isFortranOrder
        self.shape = shape
        self.dataOffset = dataOffset
    }

    /// The type of a component, if it is one that this package reads.
    package func elementType(path: String) throws(VectorFileError) -> ElementType {
        let types: [String: ElementType] = [
            "f4": .float32, "f2": .float16, "f8": .float64, "i1": .int8, "u1": .uint8,
        ]
        let order = descriptor.first
        if order == ">", descriptor != ">i1", descriptor != ">u1" {
            throw .refused(
                path,
                place: "header",
                "expected little-endian components, found the big-endian type '\(descriptor)'"
            )
        }
        guard let order, "<|=>".contains(order), let type = types[String(descriptor.dropFirst())] else {
            throw .refused(path, place: "header", "expected a type of f2, f4, f8, i1 or u1, found '\(descriptor)'")
        }
        return type
    }

    /// The header bytes of version 1 for an array in C order, padded so that the data begin at a multiple of 64.
    ///
    /// - Parameter length: Bytes that the header is to have, if it takes the place of another one; at least as many as it
    ///   needs.
    package static func bytes(descriptor: String, shape: [Int], length wanted: Int? = nil) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(extents)), }"
        let unpadded = magic.count + 4 + text.utf8.count + 1
        let padding = wanted.map { $0 - unpadded } ?? (64 - unpadded % 64) % 64
        text += String(repeating: " ", count: padding) + "\n"
        let length = text.utf8.count
        return magic + [1, 0] + UInt16(length).littleEndianBytes + Array(text.utf8)
    }
}
