// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import System

/// The folder of a model, and how its files are read.
struct ModelFolder: Sendable {
    let path: String

    /// The last part of the path.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The path of a file in the folder.
    func path(of name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// The bytes of a file; nil if there is no such file.
    func bytesIfPresent(_ name: String) throws(ModelError) -> SharedBytes? {
        do {
            return try SharedBytes(mapping: path(of: name))
        } catch {
            if Self.meansMissing.contains(error.code) { return nil }
            throw ModelError(file: path(of: name), "cannot \(error.operation): \(error.reason)")
        }
    }

    /// A JSON document; nil if there is no such file.
    func documentIfPresent(_ name: String) throws(ModelError) -> JSONDocument? {
        guard let bytes = try bytesIfPresent(name) else { return nil }
        do {
            let value = try JSONParser.parse(bytes.bytes(in: 0..<bytes.byteCount))
            return JSONDocument(file: path(of: name), value: value)
        } catch {
            throw ModelError(file: path(of: name), "is not valid JSON: \(error.message) at byte \(error.offset)")
        }
    }

    /// A JSON document that a model must have.
    func document(_ name: String) throws(ModelError) -> JSONDocument {
        guard let document = try documentIfPresent(name) else {
            throw ModelError(file: path(of: name), "is missing; a model folder must have it")
        }
        return document
    }

    /// ENOENT and ENOTDIR, the same numbers on every Unix: no file, or a part of the path that is no folder.
    private static let meansMissing: [Int32] = [2, 20]
}

/// A parsed JSON file that knows its path, for messages.
struct JSONDocument: Sendable {
    let file: String
    let value: JSONValue

    func error(_ message: String) -> ModelError { ModelError(file: file, message) }

    /// An integer member in a range, the fallback if it is absent or null.
    ///
    /// - Throws: also if there is neither a member nor a fallback.
    func integer(_ key: String, in range: ClosedRange<Int>, or fallback: Int? = nil) throws(ModelError) -> Int {
        if let integer = try integerIfPresent(key, in: range) ?? fallback { return integer }
        throw error("\(key) is missing; an integer from \(range.lowerBound) to \(range.upperBound) was expected")
    }

    /// An integer member in a range; nil if it is absent or null.
    func integerIfPresent(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int? {
        guard let value = value[key], !value.isNull else { return nil }
        guard let integer = value.integer, range.contains(integer) else {
            throw error(
                "\(key) must be an integer from \(range.lowerBound) to \(range.upperBound), found \(value.summary)"
            )
        }
        return integer
    }

    /// A text member, or the fallback if it is absent or null.
    func text(_ key: String, or fallback: String) throws(ModelError) -> String {
        guard let value = value[key], !value.isNull else { return fallback }
        guard let text = value.text else { throw error("\(key) must be a string, found \(value.summary)") }
        return text
    }

    /// A true-or-false member; nil if it is absent or null.
    func flag(_ key: String) throws(ModelError) -> Bool? {
        guard let value = value[key], !value.isNull else { return nil }
        guard let flag = value.flag else { throw error("\(key) must be true or false, found \(value.summary)") }
        return flag
    }
}
