// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import VectorFiles

/// Writes a similarity matrix; the format is told by the ending of the name.
struct MatrixFile {
    private let file: AtomicFile
    private let format: FileFormat

    var isPicture: Bool { format == .svg }

    init(path: String) throws {
        format = try FileFormat.of(path, among: [.svg, .npy, .csv, .jsonl], for: "matrices")
        file = try AtomicFile(path, registeredIn: Interruption.temporaryFiles)
    }

    func write(_ report: MatrixReport) throws {
        let matrix = report.matrix
        switch format {
        case .svg: file.write(HeatMap(report).svg)
        case .csv:
            for row in -1..<matrix.rowCount {
                file.write(report.csv(row))
                try file.flushIfLarge()
            }
        case .jsonl:
            for row in 0..<matrix.rowCount {
                file.write(report.json(row) + "\n")
                try file.flushIfLarge()
            }
        default:
            file.write(NumpyHeader.bytes(descriptor: "<f4", shape: [matrix.rowCount, matrix.columnCount]))
            try file.write(floats: matrix.values)
        }
        try Interruption.flag.check()
        try file.finish()
        try file.publish()
    }
}
