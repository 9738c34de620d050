// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
package import System

/// A safetensors file: named arrays in one mapped file.
///
/// Layout: the length of the header as a 64-bit little-endian number, a header in JSON (for each name an element type,
/// a shape and a byte range), then the bytes. The header comes from outside, so every number in it is checked before
/// it is used: ranges lie inside the file, follow one another without gap or overlap up to the end, and hold just the
/// elements of the shape.
package struct SafetensorsFile: Sendable {
    /// One array: where it is and what it holds.
    package struct Tensor: Sendable, Equatable {
        package var elementType: String
        package var shape: [Int]
        /// Bytes from the beginning of the file.
        package var range: Range<Int>
    }

    package let bytes: SharedBytes
    package private(set) var tensors: [String: Tensor] = [:]

    /// Readers of the format agree on this limit of the header's length.
    private static let maxHeaderLength = 100_000_000

    /// Reads and checks the header; the arrays themselves are not touched.
    package init(_ bytes: SharedBytes) throws(SafetensorsError) {
        self.bytes = bytes
        guard bytes.byteCount >= 8 else {
            throw error("is too short for a safetensors file: 8 bytes or more were expected, found \(bytes.byteCount)")
        }
        let length = bytes.integer(UInt64.self, at: 0)
        guard length <= UInt64(min(Self.maxHeaderLength, bytes.byteCount - 8)) else {
            throw error(
                "the header is said to have \(length) bytes, but at most \(min(Self.maxHeaderLength, bytes.byteCount - 8)) can be there"
            )
        }
        let dataStart = 8 + Int(length)
        let header: JSONValue
        do {
            header = try JSONParser.parse(bytes.bytes(in: 8..<dataStart))
        } catch {
            throw self.error("the header is not valid JSON: \(error.message) at byte \(8 + error.offset)")
        }
        guard let members = header.members else {
            throw error("the header must be an object, found \(header.summary)")
        }
        for member in members where member.key != "__metadata__" {
            let tensor = try tensor(member, dataStart: dataStart)
            guard tensors.updateValue(tensor, forKey: member.key) == nil else {
                throw error("the header names tensor \(member.key) twice")
            }
        }
        try checkCover(dataStart: dataStart)
    }

    private func error(_ message: String) -> SafetensorsError { SafetensorsError(message: message) }

    private func tensor(_ member: JSONValue.Member, dataStart: Int) throws(SafetensorsError) -> Tensor {
        let name = member.key
        guard let type = member.value["dtype"]?.text, let bits = Self.elementBits[type] else {
            throw error("tensor \(name) has no known dtype, found \(member.value["dtype"]?.summary ?? "none")")
        }
        let shape = try integers(member.value["shape"], "the shape of tensor \(name)")
        let offsets = try integers(member.value["data_offsets"], "data_offsets of tensor \(name)")
        let dataLength = bytes.byteCount - dataStart
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= dataLength else {
            throw error("data_offsets of tensor \(name) must be a range within 0 to \(dataLength), found \(offsets)")
        }
        var bitCount = bits
        for size in shape {
            let (product, overflow) = bitCount.multipliedReportingOverflow(by: size)
            guard !overflow else { throw error("tensor \(name) is too large: shape \(shape)") }
            bitCount = product
        }
        guard bitCount % 8 == 0, bitCount / 8 == offsets[1] - offsets[0] else {
            throw error(
                "tensor \(name) of shape \(shape) and type \(type) takes \(bitCount / 8) bytes, but data_offsets give it "
                    + "\(offsets[1] - offsets[0])"
            )
        }
        return Tensor(elementType: type, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    private func integers(_ value: JSONValue?, _ what: String) throws(SafetensorsError) -> [Int] {
        var integers: [Int] = []
        guard let elements = value?.elements else { throw error("\(what) must be an array of integers") }
        for element in elements {
            guard let integer = element.integer, integer >= 0 else {
                throw error("\(what) must hold integers of 0 or more, found \(element.summary)")
            }
            integers.append(integer)
        }
        return integers
    }

    private func checkCover(dataStart: Int) throws(SafetensorsError) {
        var end = dataStart
        for (name, tensor) in tensors.sorted(by: {
            ($0.value.range.lowerBound, $0.value.range.upperBound) < (
                $1.value.range.lowerBound, $1.value.range.upperBound
            )
        }) {
            guard tensor.range.lowerBound == end else {
                throw error(
                    "tensor \(name) begins at byte \(tensor.range.lowerBound), but byte \(end) was expected: a gap or an overlap"
                )
            }
            end = tensor.range.upperBound
        }
        guard end == bytes.byteCount else {
            throw error(
                "the tensors end at byte \(end), but the file has \(bytes.byteCount): it is damaged or has been cut"
            )
        }
    }

    /// Bits of one element, by the format's names.
    private static let elementBits: [String: Int] = [
        "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "U16": 16, "I16": 16, "F16": 16,
        "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6,
        "F6_E3M2": 6,
    ]
}

/// What is wrong with a safetensors file.
package struct SafetensorsError: Error {
    package let message: String
}
