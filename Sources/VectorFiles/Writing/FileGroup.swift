// SPDX-License-Identifier: Apache-2.0

package import System

/// The files of one result. They are published together: older files of the result go first, then the new ones get their
/// names, the marker last: where it is, all are.
package final class FileGroup {
    private let registry: TemporaryFiles?
    private var files: [AtomicFile] = []
    private var marker: AtomicFile?
    private var superseded: [String] = []

    package init(registeredIn registry: TemporaryFiles? = nil) { self.registry = registry }

    /// Makes a file of the group.
    package func add(_ path: String) throws(VectorFileError) -> AtomicFile {
        let file = try AtomicFile(path, registeredIn: registry)
        files.append(file)
        return file
    }

    /// Makes the file that is published last; a group has one.
    package func addMarker(_ path: String) throws(VectorFileError) -> AtomicFile {
        let file = try AtomicFile(path, registeredIn: registry)
        marker = file
        return file
    }

    /// Names a file that an older result may have left; name markers last.
    package func supersede(_ path: String) { superseded.append(path) }

    /// Finishes all files, removes the older ones (the marker before the rest) and publishes.
    ///
    /// A single file replaces its older version in one step instead.
    package func commit() throws(VectorFileError) {
        let ordered = files + (marker.map { [$0] } ?? [])
        for file in ordered { try file.finish() }
        // Markers first: from here on nobody takes what is left for a whole result.
        let stale = (marker.map { [$0.path] } ?? []) + superseded.reversed() + files.map(\.path)
        if ordered.count > 1 || superseded.contains(where: { FileIdentity(path: $0) != nil }) {
            for path in stale {
                do {
                    // A link stays and what it leads to goes: publishing writes through the link.
                    try TemporaryFile.removeIfPresent(FileIdentity.resolved(path))
                } catch {
                    throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
                }
            }
        }
        for file in ordered { try file.publish() }
    }
}
