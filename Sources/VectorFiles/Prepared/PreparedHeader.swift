// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels

/// The header of a prepared file: what its sections are made of, and which file they were made from. The page
/// `PreparedFormat` of this module has the format byte by byte.
///
/// Raise ``version`` with every change of what a file holds or means, a `CodeImage` with other parts among them: readers
/// take their own version and those before it that they name.
struct PreparedHeader: Sendable, Equatable {
    /// The rows were prepared for this metric.
    var metric: Metric
    var dimension: Int
    /// Rows of the source.
    var rowCount: Int
    /// Rows that have codes: those of the source that have a score.
    var codedRowCount: Int
    var prefix: Int
    /// How large the codes of the prefix are.
    var profile: CodeProfile
    /// Whether the coordinates after the prefix are coded too.
    var codesTail = true
    /// The defect of the rotation; nil if there is none.
    var rotationDefect: Double?
    /// How components are stored, in the source and in the file if it holds the rows.
    var elementType: ElementType
    var embedsRows: Bool
    /// Bytes of the ids; nil if the file holds none.
    var idByteCount: Int?
    /// The version that the file says it has.
    var version = Self.version
    /// The file that the rows came from; nil if they came from none.
    var source: Source?

    /// A file by its path from the folder of the prepared file, and what it was when it was prepared.
    struct Source: Sendable, Equatable {
        var path: String
        var fingerprint: FileFingerprint
    }

    static let magic: [UInt8] = [0x93] + Array("SIMILE\n".utf8)
    /// What is written. Version 1, without `profile`, is read too: its codes are narrow.
    static let version: UInt32 = 2
    static let byteOrderMark: UInt32 = 0x0102_0304
    /// Bytes of the header without the path of the source.
    static let fixedByteCount = 256
    static let longestPath = 1 << 16
    /// A section begins at a multiple of this.
    static let alignment = 64

    /// Where each field begins.
    enum Place {
        static let version = 8
        static let byteOrderMark = 12
        static let headerLength = 16
        static let fileLength = 24
        static let metric = 32
        static let flags = 36
        static let dimension = 40
        static let rowCount = 48
        static let codedRowCount = 56
        static let prefix = 64
        static let rotationDefect = 72
        /// Offset and length of each section.
        static let sections = 80
        static let elementType = 144
        static let pathLength = 148
        static let sourceLength = 152
        static let sourceTime = 160
        static let sampledChecksum = 168
        static let wholeChecksum = 176
        static let profile = 184
        static let reserved = 188
    }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt32
        static let hasOffsets = Flags(rawValue: 1)
        static let hasRotation = Flags(rawValue: 2)
        static let namesSource = Flags(rawValue: 4)
        static let embedsRows = Flags(rawValue: 8)
        static let embedsIDs = Flags(rawValue: 16)
        static let omitsTail = Flags(rawValue: 32)
        static let all: Flags = [.hasOffsets, .hasRotation, .namesSource, .embedsRows, .embedsIDs, .omitsTail]
    }

    var flags: Flags {
        var flags: Flags = []
        // Only distances need them.
        if metric == .euclidean { flags.insert(.hasOffsets) }
        if rotationDefect != nil { flags.insert(.hasRotation) }
        if source != nil { flags.insert(.namesSource) }
        if embedsRows { flags.insert(.embedsRows) }
        if idByteCount != nil { flags.insert(.embedsIDs) }
        if !codesTail { flags.insert(.omitsTail) }
        return flags
    }

    /// Bytes of the header, the path and its padding among them.
    var byteCount: Int { Self.aligned(Self.fixedByteCount + (source?.path.utf8.count ?? 0)) }

    static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// The codes of types and metrics, by their places in these lists.
    static let elementTypes: [ElementType] = [.float32, .float16, .float64, .int8, .uint8, .int32]
    static let metrics: [Metric] = [.cosine, .dot, .euclidean]
}
