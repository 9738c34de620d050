// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

/// The array of a `.npy` file as rows; its header is a ``NumpyHeader``.
enum NumpyFile {
    static func storage(_ bytes: SharedBytes, path: String) throws(VectorFileError) -> RowStorage {
        let header = try bytes.withBytes { span throws(VectorFileError) in try NumpyHeader(span, path: path) }
        let type = try header.elementType(path: path)
        let shape = "(\(header.shape.map(String.init).joined(separator: ", "))\(header.shape.count == 1 ? "," : ""))"
        guard !header.isFortranOrder else {
            throw .refused(path, place: "header", "expected C order (rows one after the other), found Fortran order")
        }
        guard header.shape.count == 2 else {
            throw .refused(
                path,
                place: "header",
                "expected an array of two dimensions (rows, components), found shape \(shape)"
            )
        }
        guard header.shape[1] > 0 else {
            throw .refused(path, place: "header", "expected vectors of at least one component, found shape \(shape)")
        }
        guard header.shape[1] <= RowStorage.dimensionLimit else {
            throw .refused(
                path,
                place: "header",
                "expected at most \(RowStorage.dimensionLimit) components a vector, found shape \(shape)"
            )
        }
        let (rowBytes, overflow1) = header.shape[1].multipliedReportingOverflow(by: type.byteCount)
        let (dataBytes, overflow2) = rowBytes.multipliedReportingOverflow(by: header.shape[0])
        guard !overflow1, !overflow2 else {
            throw .refused(path, place: "header", "shape \(shape) is larger than any file")
        }
        guard
            let storage = RowStorage(
                bytes: bytes,
                elementType: type,
                rowCount: header.shape[0],
                dimension: header.shape[1],
                byteOffset: header.dataOffset,
                rowByteStride: rowBytes
            )
        else {
            throw .refused(
                path,
                place: "data",
                "truncated: shape \(shape) of '\(header.descriptor)' needs \(dataBytes) bytes, found \(bytes.byteCount - header.dataOffset)"
            )
        }
        let surplus = bytes.byteCount - header.dataOffset - dataBytes
        guard surplus == 0 else {
            throw .refused(
                path,
                place: "data",
                "shape \(shape) of '\(header.descriptor)' takes \(dataBytes) bytes, found \(surplus) bytes more after them: "
                    + "another array that was appended, or a damaged file; expected one array"
            )
        }
        return storage
    }
}
