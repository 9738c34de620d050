// SPDX-License-Identifier: Apache-2.0

// The JSON reader of model files: what must be read, what must be refused, and that canonically equivalent keys stay
// apart.

import StrictJSON
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test func valuesAreRead() throws {
        let value = try parse(#" {"a": [1, -2.5e2, true, null], "b": {"c": "x"}, "a b": 9007199254740992} "#)
        #expect(value["a"]?.elements?.count == 4)
        #expect(value["a"]?.elements?[1].double == -250 && value["a"]?.elements?[2].flag == true)
        #expect(value["a"]?.elements?[3].isNull == true)
        #expect(value["b"]?["c"]?.text == "x" && value["a b"]?.integer == 1 << 53)
        #expect(value["a"]?.elements?[1].integer == -250 && value["nothing"] == nil)
        #expect(try parse("[]").elements?.isEmpty == true && parse("{ }").members?.isEmpty == true)
    }

    @Test func escapesAreRead() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).text == "\"\\/\u{8}\u{C}\n\r\té😀")
    }

    @Test func keysThatAreCanonicallyEquivalentStayApart() throws {
        let value = try parse(#"{"\u00c5": 1, "\u212b": 2, "A\u030a": 3}"#)
        #expect(value["\u{C5}"]?.integer == 1 && value["\u{212B}"]?.integer == 2 && value["A\u{30A}"]?.integer == 3)
    }

    @Test(arguments: [
        "", " ", "{", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "tru", "nul", "\"", "\"\\", "\"\\u12",
        "\"\\x\"",
        "{\"\\ud800\":1}", "\"\\ud8\"", "\"\n\"", "1 2", "-", "{\"a\":1,}", "// 1", "+",
        "nan", "1e", "01", "-01", "1.", "-.5", ".5", "+1", "1.e3", "1e+", "-", "0x1", "00", "[1.,2]", "1e5.",
    ]) func damagedDocumentsAreRefused(text: String) {
        #expect(throws: JSONParser.Failure.self) { try parse(text) }
    }

    @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800\ud800\udc00""#, #""cut \ud83d""#])
    func halfASurrogatePairIsNoTextAndNoHarm(text: String) throws {
        let value = try parse("[\(text), 7]")
        #expect(value.elements?[0].text == nil && value.elements?[1].integer == 7)
        #expect(value.elements?[0].summary == "a text with half a surrogate pair")
    }

    @Test(arguments: ["1e999", "-1e999", "NaN", "Infinity", "-Infinity"])
    func numbersThatCannotBeReadAreNoNumbers(text: String) throws {
        let value = try parse("[\(text), 18446744073709551615]")
        #expect(value.elements?[0].double == nil && value.elements?[0].integer == nil)
        #expect(value.elements?[0].summary == "\(text), which is not a number that can be read")
        #expect(value.elements?[1].summary == "the number 18446744073709551615")
    }

    @Test func bytesThatAreNoUTF8AreRefused() {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test func deepNestingIsRefused() {
        #expect(throws: JSONParser.Failure.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: Never.self) {
            try parse(String(repeating: "[", count: 100) + String(repeating: "]", count: 100))
        }
    }
}
