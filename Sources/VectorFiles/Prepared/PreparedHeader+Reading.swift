// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import System

extension PreparedHeader {
    /// Reads the header of a whole file and verifies the file's length and checksum.
    ///
    /// First what tells a foreign, newer or cut file from a damaged one, then the checksum, then every field: a checksum is
    /// no proof of good will.
    ///
    /// - Complexity: reads the file once.
    static func read(_ bytes: Span<UInt8>, path: String) throws(VectorFileError) -> (PreparedHeader, PreparedLayout) {
        try identify(bytes, path: path)
        let content = bytes.extracting(0..<bytes.count - PreparedLayout.checksumBytes)
        let expected: UInt64 = bytes.integer(at: content.count)
        let found = Checksum64.of(content)
        guard found == expected else {
            throw .refused(
                path,
                place: "checksum",
                "damaged: expected \(expected.hexadecimal), found \(found.hexadecimal)"
            )
        }
        let header = try PreparedHeader(fieldsOf: bytes, path: path)
        return (header, try header.layout(heldTo: bytes, path: path))
    }

    /// The header of a file whose checksum nobody has verified: for what harms nobody if it is wrong.
    static func unverified(_ bytes: Span<UInt8>, path: String) throws(VectorFileError) -> PreparedHeader {
        try identify(bytes, path: path)
        return try PreparedHeader(fieldsOf: bytes, path: path)
    }

    /// Whether this is a file of this version, whole by its own account.
    private static func identify(_ bytes: Span<UInt8>, path: String) throws(VectorFileError) {
        func refuse(_ message: String) -> VectorFileError { .refused(path, place: "header", message) }
        for (i, byte) in magic.enumerated() where i >= bytes.count || bytes[i] != byte {
            throw refuse("expected the magic bytes of a prepared corpus (\\x93SIMILE\\n), found others")
        }
        let least = fixedByteCount + PreparedLayout.checksumBytes
        guard bytes.count >= least else {
            throw refuse("truncated: expected at least \(least) bytes, found \(bytes.count)")
        }
        let mark: UInt32 = bytes.integer(at: Place.byteOrderMark)
        guard mark == byteOrderMark else {
            let found = mark == byteOrderMark.byteSwapped ? "big-endian ones" : "the byte order mark \(mark)"
            throw refuse("expected little-endian numbers, found \(found)")
        }
        let version: UInt32 = bytes.integer(at: Place.version)
        guard (1...Self.version).contains(version) else {
            let hint = version > Self.version ? ", which a newer simile has written" : ""
            throw refuse("expected format version 1 to \(Self.version), found \(version)\(hint)")
        }
        let length: UInt64 = bytes.integer(at: Place.fileLength)
        guard length == UInt64(bytes.count) else {
            let kind = length > UInt64(bytes.count) ? "truncated: " : ""
            throw refuse("\(kind)expected \(length) bytes, found \(bytes.count)")
        }
    }

    private init(fieldsOf bytes: Span<UInt8>, path: String) throws(VectorFileError) {
        func refuse(_ message: String) -> VectorFileError { .refused(path, place: "header", message) }
        func count(_ name: String, at place: Int, in range: ClosedRange<Int>) throws(VectorFileError) -> Int {
            let value: UInt64 = bytes.integer(at: place)
            guard let count = Int(exactly: value), range.contains(count) else {
                throw refuse("expected \(name) from \(range.lowerBound) to \(range.upperBound), found \(value)")
            }
            return count
        }
        func code(_ name: String, at place: Int, below limit: Int) throws(VectorFileError) -> Int {
            let value: UInt32 = bytes.integer(at: place)
            guard value < UInt32(limit) else { throw refuse("expected a \(name) below \(limit), found \(value)") }
            return Int(value)
        }
        metric = Self.metrics[try code("metric", at: Place.metric, below: Self.metrics.count)]
        elementType =
            Self.elementTypes[
                try code("component type", at: Place.elementType, below: Self.elementTypes.count)
            ]
        dimension = try count("a dimension", at: Place.dimension, in: 1...CodeShape.dimensionLimit)
        rowCount = try count("a number of rows", at: Place.rowCount, in: 0...Int(UInt32.max))
        codedRowCount = try count("a number of coded rows", at: Place.codedRowCount, in: 0...rowCount)
        prefix = try count("a prefix", at: Place.prefix, in: 1...dimension)
        version = bytes.integer(at: Place.version)
        let profileID: UInt32 = version == 1 ? CodeProfile.narrow.id : bytes.integer(at: Place.profile)
        guard let profile = CodeProfile.all.first(where: { $0.id == profileID }) else {
            throw refuse("expected codes of profile 1 to \(CodeProfile.all.count), found \(profileID)")
        }
        self.profile = profile

        let flags = Flags(rawValue: bytes.integer(at: Place.flags))
        guard Flags.all.isSuperset(of: flags) else { throw refuse("unknown flags \(flags.rawValue)") }
        let defect = Double(bitPattern: bytes.integer(at: Place.rotationDefect))
        guard defect >= 0, defect < 1 else {
            throw refuse("expected a defect of the rotation from 0 to 1, found \(defect)")
        }
        codesTail = !flags.contains(.omitsTail)
        rotationDefect = flags.contains(.hasRotation) ? defect : nil
        embedsRows = flags.contains(.embedsRows)
        let idLength: UInt64 = bytes.integer(at: Place.sections + 16 * 3 + 8)
        idByteCount = flags.contains(.embedsIDs) ? Int(clamping: idLength) : nil
        guard embedsRows || flags.contains(.namesSource), embedsRows || idByteCount == nil else {
            throw refuse("expected rows or the name of their file, found flags \(flags.rawValue)")
        }
        source = flags.contains(.namesSource) ? try Self.source(bytes, path: path) : nil
        guard flags == self.flags else {
            throw refuse("expected flags \(self.flags.rawValue) for \(metric), found \(flags.rawValue)")
        }
    }

    private static func source(_ bytes: Span<UInt8>, path: String) throws(VectorFileError) -> Source {
        let length: UInt32 = bytes.integer(at: Place.pathLength)
        guard length > 0, length <= UInt32(longestPath), fixedByteCount + Int(length) <= bytes.count else {
            throw .refused(path, place: "header", "expected a path of 1 to \(longestPath) bytes, found \(length)")
        }
        var text: [UInt8] = []
        for i in fixedByteCount..<fixedByteCount + Int(length) { text.append(bytes[i]) }
        guard let name = String(validating: text, as: UTF8.self), !text.contains(0) else {
            throw .refused(path, place: "header", "expected a path in UTF-8, found other bytes")
        }
        let byteCount: UInt64 = bytes.integer(at: Place.sourceLength)
        return Source(
            path: name,
            fingerprint: FileFingerprint(
                byteCount: Int(clamping: byteCount),
                modificationTime: bytes.integer(at: Place.sourceTime),
                sampledChecksum: bytes.integer(at: Place.sampledChecksum),
                wholeChecksum: bytes.integer(at: Place.wholeChecksum)
            )
        )
    }

    /// The layout that follows from the fields, if the file has that one.
    private func layout(heldTo bytes: Span<UInt8>, path: String) throws(VectorFileError) -> PreparedLayout {
        guard let layout = PreparedLayout(self) else {
            throw .refused(path, place: "header", "\(rowCount) x \(dimension) components are larger than any file")
        }
        guard layout.fileLength == bytes.count else {
            throw .refused(
                path,
                place: "header",
                "expected \(layout.fileLength) bytes by its own counts, found \(bytes.count)"
            )
        }
        // Every other byte of the header follows from what has been read.
        for (place, byte) in self.bytes(layout).enumerated() where bytes[place] != byte {
            throw .refused(path, place: "header", "expected \(byte) at byte \(place), found \(bytes[place])")
        }
        return layout
    }
}
