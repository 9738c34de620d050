// SPDX-License-Identifier: Apache-2.0

// Every parser of bytes from outside, by name: whatever the bytes, it gives a value or an error, and what it gives can be used.

import Foundation
import Parquet
import Safetensors
import Similarity
import SimilarityJobs
import SimilarityServer
import StrictJSON
import System
import TextEncoder
import VectorFiles

#if ModelHub
import ModelHub
#endif

/// What is fed with bytes.
enum FuzzTargets {
    /// Where files are made that are then read.
    static let folder: String = {
        let shared = "/dev/shm"
        let base = FileManager.default.fileExists(atPath: shared) ? shared : NSTemporaryDirectory()
        let path = "\(base)/simile-fuzz-\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }()

    static let all: [String: @Sendable ([UInt8]) throws -> Void] = {
        var targets: [String: @Sendable ([UInt8]) throws -> Void] = [
            "json": { _ = try JSONParser.parse($0) },
            "request": { _ = try ServiceRequest($0, limit: 16) },
            "parquet-file": { _ = try ParquetFile(SharedBytes(copying: $0)) },
            "safetensors-file": { _ = try SafetensorsFile(SharedBytes(copying: $0)) },
            "snappy": { try expand($0, .snappy) },
            "gzip": { try expand($0, .gzip) },
            "zstd": { try expand($0, .zstd) },
            "prepared": { bytes in
                let prepared = try PreparedCorpusFile.read(file("C.simile", bytes))
                _ = try prepared.selfNearest(k: 2, options: RunOptions(workers: .single, invalidRows: .skip))
            },
            "texts.txt": { _ = try TextFile.read(file("t.txt", $0)) },
            "texts.jsonl": { _ = try TextFile.read(file("t.jsonl", $0)) },
            "texts.csv": { _ = try TextFile.read(file("t.csv", $0)) },
            "texts.parquet": { _ = try TextFile.read(file("t.parquet", $0)) },
            "positives.jsonl": { try positives(file("p.jsonl", $0)) },
            "positives.csv": { try positives(file("p.csv", $0)) },
            "report.jsonl": { try report(file("r.jsonl", $0)) },
            "report.csv": { try report(file("r.csv", $0)) },
            "projection": { bytes in
                let projection = try ProjectionFile.read(file("p.safetensors", bytes))
                _ = projection.matrix?.rowCount
            },
            "labels": { _ = try LabelFile.read(file("l.npy", $0)) },
            "tokenizer": { bytes in try tokenizer(bytes) },
            "manifest": { bytes in try job(manifest: bytes, group: nil) },
            "group": { bytes in try job(manifest: nil, group: bytes) },
        ]
        #if ModelHub
        targets["hub-answer"] = { bytes in
            for count in [1, 3] { _ = try? EmbeddingAnswer(bytes, count: count) }
        }
        #endif
        for ending in [
            "npy", "fvecs", "bvecs", "ivecs", "fbin", "f16bin", "u8bin", "i8bin", "safetensors", "jsonl", "csv",
            "parquet",
        ] {
            targets["vectors.\(ending)"] = { bytes in
                let matrix = try VectorFile.read(file("v.\(ending)", bytes))
                if matrix.rowCount < 1000 { _ = try matrix.statistics(workers: .single) }
            }
        }
        return targets
    }()

    private static func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    private static func expand(_ bytes: [UInt8], _ codec: BlockCodec) throws {
        for count in [0, 7, 4096] { _ = try? codec.expand(bytes.span, to: count) }
    }

    private static func positives(_ path: String) throws {
        let rows = VectorMatrix(rows: [[1], [2], [3]], ids: [.integer(1), .string("b"), .integer(3)])
        _ = try PositiveFile.read(path, queries: rows, corpus: rows)
    }

    private static func report(_ path: String) throws {
        _ = try DuplicateReport.read(path, metric: .cosine, rowCount: 8, keptCount: 8)
    }

    /// A static model of sixteen tokens, whose tokenizer is what is fed.
    private static func tokenizer(_ bytes: [UInt8]) throws {
        let model = "\(folder)/model"
        if !FileManager.default.fileExists(atPath: model) {
            try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
            var tensors = SafetensorsWriter()
            tensors.add("embeddings", shape: [16, 2], floats: (0..<32).map { Float($0) })
            try Data(tensors.bytes()).write(to: URL(fileURLWithPath: "\(model)/model.safetensors"))
            try Data(#"{"model_type":"model2vec","normalize":true}"#.utf8)
                .write(to: URL(fileURLWithPath: "\(model)/config.json"))
        }
        try Data(bytes).write(to: URL(fileURLWithPath: "\(model)/tokenizer.json"))
        let encoder = try SentenceEncoder(folder: model)
        _ = try encoder.encode(
            ["a Straße, 東京 🎉 e\u{301} ##x", String(repeating: "ab ", count: 40)],
            options: RunOptions(workers: .single)
        )
    }

    /// A job of two groups, whose manifest or first group is what is fed.
    private static func job(manifest: [UInt8]?, group: [UInt8]?) throws {
        let (vectors, place) = ("\(folder)/job.npy", "\(folder)/job")
        let output = "\(folder)/job-found.jsonl"
        if !FileManager.default.fileExists(atPath: vectors) {
            let matrix = VectorMatrix(rows: (0..<6).map { [Float($0), 1] })
            try VectorFile.write(matrix, to: vectors)
            var request = JobRequest(.search(k: 2, excludingSelf: false), left: vectors, right: vectors, output: output)
            request.groupRows = 3
            let job = try Job.plan(request, in: place, options: RunOptions(workers: .single)).job
            try job.run(options: RunOptions(workers: .single))
            for name in ["manifest.json"] where FileManager.default.fileExists(atPath: "\(place)/\(name)") {
                try FileManager.default.copyItem(
                    atPath: "\(place)/\(name)",
                    toPath: "\(folder)/good-\(name.replacing("/", with: "-"))"
                )
            }
        }
        func put(_ name: String, _ bytes: [UInt8]?) throws {
            let good = URL(fileURLWithPath: "\(folder)/good-\(name.replacing("/", with: "-"))")
            try (bytes.map { Data($0) } ?? Data(contentsOf: good)).write(to: URL(fileURLWithPath: "\(place)/\(name)"))
        }
        try put("manifest.json", manifest)
        let groups = try FileManager.default.contentsOfDirectory(atPath: "\(place)/groups").filter {
            $0.hasSuffix(".group")
        }
        if let group, let first = groups.sorted().first {
            try Data(group).write(to: URL(fileURLWithPath: "\(place)/groups/\(first)"))
        }
        let job = try Job(in: place)
        _ = try job.status()
        if group != nil { try job.merge() }
    }
}
