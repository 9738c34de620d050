// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
internal import System

/// Puts a safetensors file together, in memory.
package struct SafetensorsWriter {
    private var tensors: [(name: String, type: String, shape: [Int], range: Range<Int>)] = []
    private var data: [UInt8] = []
    private let metadata: [(key: String, value: String)]

    /// - Parameter metadata: Texts for readers that want to know where the file comes from.
    package init(metadata: [(key: String, value: String)] = []) { self.metadata = metadata }

    /// Adds an array of numbers of a type that `type` names.
    ///
    /// - Precondition: as many numbers as the shape has, of names that are not there yet; arrays of wider numbers come first, so that all are
    ///   aligned.
    package mutating func add<T: FixedWidthInteger & BitwiseCopyable>(
        _ name: String,
        type: String,
        shape: [Int],
        littleEndian numbers: [T]
    ) {
        precondition(shape.reduce(1, *) == numbers.count && !tensors.contains { $0.name == name })
        let start = data.count
        data.reserveCapacity(start + numbers.count * MemoryLayout<T>.size)
        for number in numbers { data.append(littleEndian: number) }
        tensors.append((name, type, shape, start..<data.count))
    }

    /// Adds an array of floats.
    package mutating func add(_ name: String, shape: [Int], floats: [Float]) {
        add(name, type: "F32", shape: shape, littleEndian: floats.map(\.bitPattern))
    }

    /// The bytes of the file.
    package func bytes() -> [UInt8] {
        var header = JSONWriter.object { header in
            if !metadata.isEmpty {
                header.field("__metadata__", object: { for entry in metadata { $0.field(entry.key, entry.value) } })
            }
            for tensor in tensors {
                header.field(
                    tensor.name,
                    object: {
                        $0.field("dtype", tensor.type)
                        $0.field("shape", tensor.shape)
                        $0.field("data_offsets", [tensor.range.lowerBound, tensor.range.upperBound])
                    }
                )
            }
        }
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + data.count)
        bytes.append(littleEndian: UInt64(header.count))
        return bytes + header + data
    }
}
