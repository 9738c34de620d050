// SPDX-License-Identifier: Apache-2.0

internal import SimilarityKernels
internal import System

extension PreparedHeader {
    /// The bytes of the header, its padding among them.
    func bytes(_ layout: PreparedLayout) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at place: Int) {
            bytes.put(littleEndian: value, at: place)
        }
        func put(_ text: some Sequence<UInt8>, at place: Int) {
            for (i, byte) in text.enumerated() { bytes[place + i] = byte }
        }
        put(Self.magic, at: 0)
        put(version, at: Place.version)
        put(Self.byteOrderMark, at: Place.byteOrderMark)
        put(UInt64(byteCount), at: Place.headerLength)
        put(UInt64(layout.fileLength), at: Place.fileLength)
        put(UInt32(Self.metrics.firstIndex(of: metric) ?? 0), at: Place.metric)
        put(flags.rawValue, at: Place.flags)
        put(UInt64(dimension), at: Place.dimension)
        put(UInt64(rowCount), at: Place.rowCount)
        put(UInt64(codedRowCount), at: Place.codedRowCount)
        put(UInt64(prefix), at: Place.prefix)
        put((rotationDefect ?? 0).bitPattern, at: Place.rotationDefect)
        for (i, section) in layout.sections.enumerated() {
            put(UInt64(section.lowerBound), at: Place.sections + 16 * i)
            put(UInt64(section.count), at: Place.sections + 16 * i + 8)
        }
        put(UInt32(Self.elementTypes.firstIndex(of: elementType) ?? 0), at: Place.elementType)
        if version > 1 { put(profile.id, at: Place.profile) }
        if let source {
            put(UInt32(source.path.utf8.count), at: Place.pathLength)
            put(UInt64(source.fingerprint.byteCount), at: Place.sourceLength)
            put(source.fingerprint.modificationTime, at: Place.sourceTime)
            put(source.fingerprint.sampledChecksum, at: Place.sampledChecksum)
            put(source.fingerprint.wholeChecksum, at: Place.wholeChecksum)
            put(source.path.utf8, at: Self.fixedByteCount)
        }
        return bytes
    }
}
