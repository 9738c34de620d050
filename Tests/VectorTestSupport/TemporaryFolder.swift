// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Calls `body` with the path of a new empty folder and removes it with all its contents afterwards.
package func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("simile-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}
