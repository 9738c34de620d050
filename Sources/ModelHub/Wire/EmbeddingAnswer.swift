// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import StrictJSON

/// The vectors of an answer to `POST /embeddings`, in the order of the texts.
package struct EmbeddingAnswer: Sendable {
    /// Components of each vector; 0 if no text has one.
    package let dimension: Int
    /// `count * dimension` values, vector after vector; finite, and not all zero, but for texts that have none: those have zeros.
    package let values: [Float]
    /// What is wrong with the vectors of single texts: null, empty, not finite, all zero.
    package let unusable: [Int: String]
    /// What the server calls the model.
    package let model: String?

    /// What is wrong with an answer as a whole.
    package struct Fault: Error {
        package let message: String
        /// The text whose vector it is, if it is about one.
        package var index: Int?
        /// The bytes may hold an error of the server instead of vectors.
        package var isError = false
        /// The server numbers texts in a way of its own: another answer will be the same.
        package var isFinal = false
    }

    /// Reads an answer, whether it has base64 (which is asked for) or numbers (which servers may send all the same).
    ///
    /// Held to: one vector for each of `count` texts; every `index` once, or none at all; every key once; one dimension.
    package init(_ bytes: [UInt8], count: Int) throws(Fault) {
        var reader = AnswerReader()
        do {
            try reader.read(bytes)
        } catch {
            throw reader.fault ?? Fault(message: "not valid JSON: \(error.message) at byte \(error.offset + 1)")
        }
        if let fault = reader.fault { throw fault }
        guard reader.hasData else { throw Fault(message: "expected an array \"data\", found none", isError: true) }
        guard reader.items.count == count else {
            throw Fault(message: "expected \(count) vectors, one a text, found \(reader.items.count)")
        }
        let places = try Self.places(reader.items.map(\.index))
        dimension = try Self.dimension(reader.items, places)
        model = reader.model
        let isInOrder = places.elementsEqual(places.indices) && reader.items.allSatisfy { $0.fault == nil }
        if isInOrder {
            values = reader.values
            unusable = [:]
            return
        }
        var ordered = [Float](repeating: 0, count: count * dimension)
        var unusable: [Int: String] = [:]
        for (item, place) in zip(reader.items, places) {
            if let reason = item.fault {
                unusable[place] = reason
            } else {
                for j in 0..<dimension { ordered[place * dimension + j] = reader.values[item.start + j] }
            }
        }
        values = ordered
        self.unusable = unusable
    }

    /// The one dimension of all vectors that can be used.
    private static func dimension(_ items: [AnswerReader.Item], _ places: [Int]) throws(Fault) -> Int {
        var dimension: Int?
        for (item, place) in zip(items, places) where item.fault == nil {
            if let dimension, dimension != item.count {
                throw Fault(
                    message:
                        "the vector of text \(place) has \(item.count) components, the ones before it \(dimension)",
                    index: place
                )
            }
            dimension = item.count
        }
        return dimension ?? 0
    }

    /// The text that each vector belongs to.
    private static func places(_ indices: [Int?]) throws(Fault) -> [Int] {
        let given = indices.compactMap { $0 }
        if given.isEmpty { return Array(indices.indices) }
        guard given.count == indices.count else {
            throw Fault(message: "\(given.count) of \(indices.count) vectors have an index; expected all or none")
        }
        var isTaken = [Bool](repeating: false, count: given.count)
        for index in given {
            guard given.indices.contains(index) else {
                throw Fault(
                    message: "expected indices from 0 to \(given.count - 1), found \(index)",
                    isFinal: true
                )
            }
            guard !isTaken[index] else { throw Fault(message: "the index \(index) is there twice", isFinal: true) }
            isTaken[index] = true
        }
        return given
    }
}

/// Reads the parts of an answer that matter while stepping over the rest.
private struct AnswerReader {
    /// A vector as it stands in the answer.
    struct Item {
        var index: Int?
        /// Where its components are in ``values``.
        var start = 0
        var count = 0
        /// Why it cannot be used.
        var fault: String?
    }

    private let base64 = Base64Floats()
    var hasData = false
    var items: [Item] = []
    var values: [Float] = []
    var model: String?
    /// The first thing that is wrong with the answer as a whole, beyond JSON.
    var fault: EmbeddingAnswer.Fault?

    mutating func read(_ bytes: [UInt8]) throws(JSONParser.Failure) {
        var parser = JSONParser(bytes)
        guard parser.peek() == UInt8(ascii: "{") else {
            fault = .init(message: "expected a JSON object, found something else", isError: true)
            return
        }
        try parser.eachMember { key, parser throws(JSONParser.Failure) in
            if key == "model" { model = try parser.value().text }
            guard key == "data", parser.peek() == UInt8(ascii: "[") else {
                if key != "model" { _ = try parser.value() }
                return
            }
            if hasData { note("\"data\" is there twice") }
            hasData = true
            try parser.eachElement { parser throws(JSONParser.Failure) in try readItem(&parser) }
        }
        try parser.end()
    }

    private mutating func note(_ message: String) {
        fault = fault ?? .init(message: message)
    }

    private mutating func readItem(_ parser: inout JSONParser) throws(JSONParser.Failure) {
        var item = Item()
        var (hasIndex, hasVector) = (false, false)
        try parser.eachMember { key, parser throws(JSONParser.Failure) in
            guard key == "index" || key == "embedding" else {
                _ = try parser.value()
                return
            }
            if key == "index" ? hasIndex : hasVector {
                note("vector \(items.count) has the key \"\(key)\" twice")
            }
            if key == "index" {
                hasIndex = true
                let value = try parser.value()
                item.index = value.integer
                if item.index == nil, !value.isNull {
                    note("vector \(items.count) has an index that is \(value.summary)")
                }
            } else {
                hasVector = true
                item.start = values.count
                item.fault = try readVector(&parser)
                item.count = values.count - item.start
            }
        }
        if item.fault == nil {
            if item.count == 0 {
                item.fault = "is empty or missing"
            } else if isZero(item) {
                item.fault = "is zero in every component"
            }
        }
        items.append(item)
    }

    private func isZero(_ item: Item) -> Bool {
        for i in item.start..<item.start + item.count where values[i] != 0 { return false }
        return true
    }

    /// Appends a vector; returns what is wrong with it.
    private mutating func readVector(_ parser: inout JSONParser) throws(JSONParser.Failure) -> String? {
        switch parser.peek() {
        case UInt8(ascii: "\""):
            // Some writers escape the slash, which is in the alphabet.
            let plain = try parser.plainString()
            let escaped = plain == nil ? Array(try parser.string().utf8) : []
            do {
                _ = try base64.decode(plain.map { parser.bytes[$0] } ?? escaped[...], into: &values)
                return nil
            } catch {
                return Self.message(error)
            }
        case UInt8(ascii: "["):
            var wrong: String?
            var component = 0
            try parser.eachElement { parser throws(JSONParser.Failure) in
                let first = parser.peek()
                if first == UInt8(ascii: "-") || first.map({ (0x30...0x39).contains($0) }) == true {
                    // A JSON number is a Double; a vector's component is that Double rounded to Float.
                    let value = Float(try parser.double())
                    if !value.isFinite, wrong == nil {
                        wrong = "has a component \(component) beyond the range of Float"
                    }
                    values.append(value)
                } else {
                    let found = try parser.value().summary
                    if wrong == nil { wrong = "has a component \(component) that is \(found), not a number" }
                }
                component += 1
            }
            return wrong
        default: return "is \(try parser.value().summary), neither numbers nor base64"
        }
    }

    private static func message(_ fault: Base64Floats.Fault) -> String {
        switch fault {
        case .notBase64: "is not valid base64"
        case .partOfFloat(let count): "has \(count) bytes, which are no whole number of floats"
        case .notFinite(let component): "has a component \(component) that is a NaN or an infinity"
        }
    }
}
#endif
