// SPDX-License-Identifier: Apache-2.0

internal import Safetensors
public import Similarity
package import System

/// A projection as a `.safetensors` file: tensors `mean` (d), `components` (m x d), `explained_variance` (m), each where there is one, and
/// `output` (F64): d, m, 1 if what comes out is made a unit vector, and the total variance.
public enum ProjectionFile {
    /// Reads a projection that ``write(_:to:)`` has written.
    ///
    /// - Throws: ``VectorFileError`` if the file cannot be read or is of another form.
    public static func read(_ path: String) throws -> LinearProjection {
        let bytes = try VectorFile.mapped(path)
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile(bytes)
        } catch {
            throw VectorFileError.refused(path, place: "header", error.message)
        }
        func refused(_ name: String, _ expected: String) -> VectorFileError {
            .refused(
                path,
                place: "tensor \(name)",
                "expected \(expected), as a projection that was stored has it, found something else"
            )
        }
        guard let facts = file.tensors["output"], facts.elementType == "F64", facts.shape == [4] else {
            throw refused("output", "4 numbers of type F64")
        }
        let numbers = (0..<4).map { i in
            Double(bitPattern: bytes.integer(at: facts.range.lowerBound + 8 * i))
        }
        guard let d = Int(exactly: numbers[0]), let m = Int(exactly: numbers[1]), (1...1 << 22).contains(d),
            (1...d).contains(m), numbers[2] == 0 || numbers[2] == 1, numbers[3] >= 0
        else { throw refused("output", "dimensions, a flag and a variance") }
        func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
            guard let tensor = file.tensors[name] else { return [] }
            guard tensor.elementType == "F32", tensor.shape == shape else {
                throw refused(name, "F32 of shape \(shape)")
            }
            let values = (0..<tensor.range.count / 4).map { i in
                Float(bitPattern: bytes.integer(at: tensor.range.lowerBound + 4 * i))
            }
            guard values.allSatisfy(\.isFinite) else { throw refused(name, "finite numbers") }
            return values
        }
        return LinearProjection(
            dimension: d,
            outputDimension: m,
            mean: try floats("mean", [d]),
            matrix: try floats("components", [m, d]),
            normalizes: numbers[2] == 1,
            explainedVariance: try floats("explained_variance", [m]),
            totalVariance: numbers[3]
        )
    }

    /// Writes a projection, whole or not at all.
    ///
    /// - Throws: ``VectorFileError`` if it cannot be written.
    public static func write(_ projection: LinearProjection, to path: String) throws {
        try write(projection, to: path, registeredIn: nil)
    }

    package static func write(
        _ projection: LinearProjection,
        to path: String,
        registeredIn registry: TemporaryFiles?
    ) throws {
        _ = try FileFormat.of(path, among: [.safetensors], for: "projections")
        let file = try AtomicFile(path, registeredIn: registry)
        let facts = [
            Double(projection.dimension), Double(projection.outputDimension), projection.normalizes ? 1 : 0,
            projection.totalVariance,
        ]
        let (d, m) = (projection.dimension, projection.outputDimension)
        var tensors = SafetensorsWriter()
        tensors.add("output", type: "F64", shape: [4], littleEndian: facts.map(\.bitPattern))
        for (name, shape, values) in [
            ("mean", [d], projection.offset), ("components", [m, d], projection.coefficients),
            ("explained_variance", [m], projection.explainedVariance),
        ] where !values.isEmpty {
            tensors.add(name, shape: shape, floats: values)
        }
        file.write(tensors.bytes())
        try file.finish()
        try file.publish()
    }
}
