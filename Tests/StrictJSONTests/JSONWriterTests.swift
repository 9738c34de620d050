// SPDX-License-Identifier: Apache-2.0

import Foundation
import StrictJSON
import Testing

@Suite struct JSONWriterTests {
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `values, nesting and what is left out`() {
        let line = JSONWriter.line { line in
            line.field("a", 7)
            line.field("b", Float?.none)
            line.field("c", ifAny: Int?.none)
            line.field("d", [1.5, -0.1] as [Float])
            line.field(
                "e",
                object: { inner in
                    inner.field("f", true)
                    inner.field(
                        "g",
                        array: { list in
                            list.object { _ in }
                            list.array { $0.value("x") }
                            list.value(JSONNumber("1.50"))
                        }
                    )
                }
            )
            line.field("h", Double.nan)
            line.field("i", [] as [Int])
        }
        #expect(
            Self.text(line)
                == #"{"a":7,"b":null,"d":[1.5,-0.1],"e":{"f":true,"g":[{},["x"],1.50]},"h":null,"i":[]}"# + "\n"
        )
    }

    @Test func `a document has a member a line`() {
        let document = JSONWriter.document { document in
            document.field("a", 1)
            document.field("b", ["x", "y"])
            document.field(
                "c",
                inLines: true,
                array: { list in
                    for i in 0..<2 {
                        list.object {
                            $0.field("i", i)
                            $0.field("j", i)
                        }
                    }
                }
            )
            document.field("d", inLines: true, array: { _ in })
        }
        let expected = """
            {
              "a": 1,
              "b": ["x", "y"],
              "c": [
                {"i": 0, "j": 0},
                {"i": 1, "j": 1}
              ],
              "d": []
            }

            """
        #expect(Self.text(document) == expected)
    }

    /// Every scalar that needs an escape, its neighbors, and parts of what would need one; read back by two readers.
    @Test func `strings are read back as they were`() throws {
        let scalars: [UInt32] =
            Array(0...0xFF) + [0x2007, 0x2027, 0x2028, 0x2029, 0x202A, 0xFFFD, 0x1F600, 0x10FFFF, 0xE000, 0x2FFF]
        var texts = scalars.compactMap { Unicode.Scalar($0).map { "a\(Character($0))b" } }
        texts += ["", "\u{2028}", "\u{2029}\u{2028}", "é\u{2028}\"", "e\u{301}\"\u{301}", "\r\n", "\\\\\"", "日本語 🏳️‍🌈"]
        texts.append(texts.joined())
        for text in texts {
            let bytes = JSONWriter.object { $0.field(text, text) }
            let value = try JSONParser.parse(bytes)
            #expect(
                value[text]?.text?.unicodeScalars.elementsEqual(text.unicodeScalars) == true,
                "\(text.debugDescription)"
            )
            let other = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: String]
            #expect(other?.first?.value.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
            // Nothing that ends a line, for whoever cuts a file into lines.
            let separators: Set<Unicode.Scalar> = ["\n", "\r", "\u{2028}", "\u{2029}", "\u{7F}"]
            #expect(!Self.text(bytes).unicodeScalars.contains { separators.contains($0) || $0.value < 0x20 })
        }
    }
}
