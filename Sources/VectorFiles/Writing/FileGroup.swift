// SPDX-License-Identifier: Apache-2.0

package import SimilarityKernels

/// The files of one result. They are published together: older files of the result go first, then the new ones get their
/// names in the order in which they were made, so that the last one is the marker that all are there.
package final class FileGroup {
    private let registry: TemporaryFiles?
    private var files: [AtomicFile] = []
    private var possible: [String] = []

    package init(registeredIn registry: TemporaryFiles? = nil) { self.registry = registry }

    /// Makes a file of the group; make the marker last.
    package func add(_ path: String) throws(VectorFileError) -> AtomicFile {
        let file = try AtomicFile(path, registeredIn: registry)
        files.append(file)
        possible.append(path)
        return file
    }

    /// Names a file that an older result may have and this one has not.
    package func supersede(_ path: String) { possible.append(path) }

    /// Finishes all files, removes the older ones (the marker before the rest) and publishes.
    package func commit() throws(VectorFileError) {
        for file in files { try file.finish() }
        if possible.count > 1 {
            for path in possible.reversed() {
                do {
                    try TemporaryFile.removeIfPresent(path)
                } catch {
                    throw .notWritten(path, "cannot \(error.operation): \(error.reason)")
                }
            }
        }
        for file in files { try file.publish() }
    }
}
