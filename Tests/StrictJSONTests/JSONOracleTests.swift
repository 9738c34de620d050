// SPDX-License-Identifier: Apache-2.0
//
// The JSON reader against Foundation's: documents drawn at random are read alike, and so are documents that have been damaged in one byte, or
// both refuse them. Where the two differ by design (words for numbers that are none, what is beyond the range of `Double`) the draw does not go.

import Foundation
import StrictJSON
import Testing

@Suite struct JSONOracleTests {
    private static func space(_ random: inout some RandomNumberGenerator) -> String {
        let kind = [" ", "\n", "\t", "\r"].randomElement(using: &random) ?? " "
        return String(repeating: kind, count: Int.random(in: 0...2, using: &random))
    }

    /// A value as text, and nothing that the two readers take differently.
    private static func document(_ random: inout some RandomNumberGenerator, depth: Int) -> String {
        func string(_ random: inout some RandomNumberGenerator) -> String {
            let parts = [
                "a", "é", "𝄞", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud834\\udd1e", "\\b\\f\\t\\r", " ", "{", "]",
                ",", "e\u{301}",
            ]
            let count = Int.random(in: 0...6, using: &random)
            return "\"" + (0..<count).map { _ in parts.randomElement(using: &random) ?? "" }.joined() + "\""
        }
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &random) {
        case 0: return ["true", "false", "null"].randomElement(using: &random) ?? "null"
        case 1, 2: return "\(Int64.random(in: (-1 << 40)...(1 << 40), using: &random))"
        case 3: return "\(Double.random(in: -1000...1000, using: &random))"
        case 4: return "\(Int.random(in: -9...9, using: &random)).5e\(Int.random(in: -30...30, using: &random))"
        case 5: return string(&random)
        case 6:
            let count = Int.random(in: 0...4, using: &random)
            var text = "["
            for i in 0..<count {
                text += (i > 0 ? "," : "") + space(&random)
                text += document(&random, depth: depth - 1)
            }
            return text + space(&random) + "]"
        default:
            let count = Int.random(in: 0...4, using: &random)
            var text = "{"
            for i in 0..<count {
                text += (i > 0 ? "," : "") + space(&random) + "\"k\(i)\"" + space(&random) + ":"
                text += space(&random) + document(&random, depth: depth - 1)
            }
            return text + space(&random) + "}"
        }
    }

    /// Whether a value is what Foundation made of the same text.
    private static func agree(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: return theirs is NSNull
        case .string(let text): return (theirs as? String).map { $0.utf8.elementsEqual(text.utf8) } ?? false
        case .array(let elements):
            guard let others = theirs as? [Any], others.count == elements.count else { return false }
            return zip(elements, others).allSatisfy { agree($0, $1) }
        case .object(let members):
            guard let others = theirs as? [String: Any], others.count == members.count else { return false }
            return members.allSatisfy { member in others[member.key].map { agree(member.value, $0) } ?? false }
        case .bool(let flag): return (theirs as? Bool) == flag
        // By its digits: `doubleValue` of a number that Foundation keeps as a decimal is off by a last bit.
        default: return ours.double == (theirs as? NSNumber).flatMap { Double($0.description) }
        }
    }

    @Test func `random documents are read as Foundation reads them`() throws {
        var random = Generator(state: 17)
        for _ in 0..<3000 {
            let text = Self.document(&random, depth: 4)
            let ours = try JSONParser.parse(Array(text.utf8))
            let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            #expect(Self.agree(ours, theirs), "\(text)")
        }
    }

    @Test func `a damaged document is refused, or read as Foundation reads it`() throws {
        var random = Generator(state: 5)
        var (refused, read) = (0, 0)
        for _ in 0..<3000 {
            var bytes = Array(Self.document(&random, depth: 4).utf8)
            guard let place = bytes.indices.randomElement(using: &random) else { continue }
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
            default: bytes.removeLast(bytes.count - place)
            }
            let ours = try? JSONParser.parse(bytes)
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            if let ours, let theirs {
                read += 1
                #expect(Self.agree(ours, theirs), "\(String(decoding: bytes, as: UTF8.self))")
            } else if ours == nil {
                // Ours is the stricter one.
                refused += 1
            } else {
                // What only we read is a number that Foundation finds too long, or a member that is there twice.
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(text.lowercased().contains("e") || text.contains("\"k"), "only we read \(text)")
            }
        }
        #expect(refused > 500 && read > 300, "\(refused) refused, \(read) read")
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 32) | (state << 32)
        }
    }
}
