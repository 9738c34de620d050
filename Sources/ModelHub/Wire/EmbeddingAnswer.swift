// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import StrictJSON

/// The vectors of an answer to `POST /embeddings`, in the order of the texts.
package struct EmbeddingAnswer: Sendable {
    /// Components of each vector; at least 1.
    package let dimension: Int
    /// `count * dimension` finite values, vector after vector.
    package let values: [Float]

    /// What is wrong with an answer.
    package struct Fault: Error {
        package let message: String
        /// The text whose vector it is, if it is about one.
        package var index: Int?
        /// The bytes may hold an error of the server instead of vectors.
        package var isError = false
    }

    /// Reads an answer, whether it has base64 (which is asked for) or numbers (which servers may send all the same).
    ///
    /// Held to: one vector for each of `count` texts; every `index` once, or none at all; one dimension; finite values.
    package init(_ bytes: [UInt8], count: Int) throws(Fault) {
        var reader = AnswerReader()
        do {
            try reader.read(bytes)
        } catch {
            throw reader.fault ?? Fault(message: "not valid JSON: \(error.message) at byte \(error.offset + 1)")
        }
        if let fault = reader.fault { throw fault }
        guard reader.hasData else { throw Fault(message: "expected an array \"data\", found none", isError: true) }
        guard reader.indices.count == count else {
            throw Fault(message: "expected \(count) vectors, one a text, found \(reader.indices.count)")
        }
        dimension = reader.dimension ?? 0
        let places = try Self.places(reader.indices)
        if let places {
            var ordered = [Float](repeating: 0, count: reader.values.count)
            for (item, place) in places.enumerated() {
                for j in 0..<dimension { ordered[place * dimension + j] = reader.values[item * dimension + j] }
            }
            values = ordered
        } else {
            values = reader.values
        }
    }

    /// The text that each vector belongs to, or nil if they are in order.
    private static func places(_ indices: [Int?]) throws(Fault) -> [Int]? {
        let given = indices.compactMap { $0 }
        if given.isEmpty { return nil }
        guard given.count == indices.count else {
            throw Fault(message: "\(given.count) of \(indices.count) vectors have an index; expected all or none")
        }
        var isTaken = [Bool](repeating: false, count: given.count)
        for index in given {
            guard given.indices.contains(index) else {
                throw Fault(message: "expected indices from 0 to \(given.count - 1), found \(index)")
            }
            guard !isTaken[index] else { throw Fault(message: "the index \(index) is there twice") }
            isTaken[index] = true
        }
        return given.elementsEqual(given.indices) ? nil : given
    }
}

/// Reads the parts of an answer that matter while stepping over the rest.
private struct AnswerReader {
    private let base64 = Base64Floats()
    var hasData = false
    var indices: [Int?] = []
    var values: [Float] = []
    var dimension: Int?
    /// The first thing that is wrong beyond JSON.
    var fault: EmbeddingAnswer.Fault?

    mutating func read(_ bytes: [UInt8]) throws(JSONParser.Failure) {
        var parser = JSONParser(bytes)
        guard parser.peek() == UInt8(ascii: "{") else {
            fault = .init(message: "expected a JSON object, found something else", isError: true)
            return
        }
        try parser.eachMember { key, parser throws(JSONParser.Failure) in
            guard key == "data", parser.peek() == UInt8(ascii: "[") else {
                _ = try parser.value()
                return
            }
            hasData = true
            try parser.eachElement { parser throws(JSONParser.Failure) in try readItem(&parser) }
        }
        try parser.end()
    }

    private mutating func readItem(_ parser: inout JSONParser) throws(JSONParser.Failure) {
        var index: Int?
        var found: Int?
        var itemFault: String?
        try parser.eachMember { key, parser throws(JSONParser.Failure) in
            switch key {
            case "index":
                let value = try parser.value()
                index = value.integer
                if index == nil, !value.isNull { itemFault = "has an index that is \(value.summary)" }
            case "embedding":
                let before = values.count
                itemFault = try readVector(&parser) ?? itemFault
                found = values.count - before
            default: _ = try parser.value()
            }
        }
        let text = index ?? indices.count
        indices.append(index)
        let length = found ?? 0
        if itemFault == nil, length == 0 { itemFault = "is empty or missing" }
        if itemFault == nil, let dimension, dimension != length {
            itemFault = "has \(length) components, the ones before it \(dimension)"
        }
        dimension = dimension ?? length
        if let itemFault, fault == nil {
            fault = .init(message: "the vector of text \(text) \(itemFault)", index: text)
        }
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
