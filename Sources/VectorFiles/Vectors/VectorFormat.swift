// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// How one format of vector files is read and written. What a format can do is said here and nowhere else.
struct VectorFormat: Sendable {
    let format: FileFormat
    /// Finds the vectors in a mapped file.
    let storage: @Sendable (_ bytes: SharedBytes, _ path: String) throws(VectorFileError) -> RowStorage
    /// What a written component is.
    let component: ComponentType
    /// What stands before the rows.
    let header: Header
    /// Whether each row begins with its dimension, as an int32.
    let hasRowDimensions: Bool

    /// What stands before the rows of a file.
    enum Header: Sendable {
        /// Nothing: a file without rows has no dimension and is none.
        case none
        /// The header of a `.npy` file.
        case numpy
        /// Rows and dimension, each as an int32.
        case counts
        /// The header of a `.safetensors` file of one tensor.
        case tensor
    }

    /// All of them, in the order in which messages list them.
    static let all: [VectorFormat] = [
        VectorFormat(
            format: .npy,
            storage: { bytes, path throws(VectorFileError) in try NumpyFile.storage(bytes, path: path) },
            component: .float32,
            header: .numpy,
            hasRowDimensions: false
        ),
        texmex(.fvecs, .float32, stored: .float32), texmex(.bvecs, .uint8, stored: .uint8),
        texmex(.ivecs, .int32, stored: .int32),
        VectorFormat(
            format: .safetensors,
            storage: { bytes, path throws(VectorFileError) in try TensorFile.storage(bytes, path: path) },
            component: .float32,
            header: .tensor,
            hasRowDimensions: false
        ),
        counted(.fbin, .float32, stored: .float32), counted(.f16bin, .float16, stored: .float16),
        counted(.u8bin, .uint8, stored: .uint8), counted(.i8bin, .int8, stored: .int8),
    ]

    static func of(_ format: FileFormat) -> VectorFormat? { all.first { $0.format == format } }

    private static func texmex(_ format: FileFormat, _ type: ComponentType, stored: ElementType) -> VectorFormat {
        VectorFormat(
            format: format,
            storage: { bytes, path throws(VectorFileError) in
                try TexmexFile.storage(bytes, elementType: stored, path: path)
            },
            component: type,
            header: .none,
            hasRowDimensions: true
        )
    }

    private static func counted(_ format: FileFormat, _ type: ComponentType, stored: ElementType) -> VectorFormat {
        VectorFormat(
            format: format,
            storage: { bytes, path throws(VectorFileError) in
                try CountedFile.storage(bytes, elementType: stored, path: path)
            },
            component: type,
            header: .counts,
            hasRowDimensions: false
        )
    }

    /// The same format with components of another type, where it has a choice; nil where it has none.
    func writing(_ type: ComponentType) -> VectorFormat? {
        if type == component { return self }
        guard case .numpy = header else { return nil }
        return VectorFormat(
            format: format,
            storage: storage,
            component: type,
            header: header,
            hasRowDimensions: hasRowDimensions
        )
    }

    /// The bytes before the rows.
    ///
    /// - Parameter length: Bytes that they are to have, if they take the place of others.
    func headerBytes(rows: Int, dimension: Int, length: Int? = nil) -> [UInt8] {
        switch header {
        case .none: return []
        case .numpy:
            return NumpyHeader.bytes(descriptor: component.numpyName, shape: [rows, dimension], length: length)
        case .tensor: return TensorFile.header(rows: rows, dimension: dimension, length: length)
        case .counts:
            return [rows, dimension].flatMap { UInt32(truncatingIfNeeded: $0).littleEndianBytes }
        }
    }

    /// The most rows that a file may have.
    var rowLimit: Int {
        if case .counts = header { return Int(Int32.max) }
        return .max
    }
}
