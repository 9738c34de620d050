// SPDX-License-Identifier: Apache-2.0
//
// Bodies of requests: what is taken, and what is said of everything else.

import SimilarityServer
import Testing
import TextEncoder

@Suite struct ServiceRequestTests {
    private func request(_ body: String, limit: Int = 3) throws -> ServiceRequest {
        try ServiceRequest(Array(body.utf8), limit: limit)
    }

    @Test func `texts and vectors in every form`() throws {
        #expect(try request(#"{"input":"a"}"#).texts == ["a"])
        #expect(
            try request(#"{"input":["a","b\n"],"model":"m","encoding_format":"base64","user":"u"}"#).texts == [
                "a", "b\n",
            ]
        )
        let search = try request(
            #"{"corpus":"c","vectors":[[1,-0.5e1],[0,2]],"k":7,"input_type":"document","include_texts":true}"#
        )
        #expect(search.vectors == [[1, -5], [0, 2]] && search.k == 7 && search.corpus == "c")
        #expect(search.role == .document && search.includesTexts)
        #expect(try request(#"{"dimensions":5}"#).dimensions == 5 && !request("{}").isBase64)
    }

    @Test(
        arguments: [
            ("", nil, "an object was expected"), ("[]", nil, "an object was expected"),
            (#"{"input":"a"} x"#, nil, "end of the document"),
            (#"{"input":[1,2]}"#, "input", "tokens are not taken"),
            (#"{"input":[[1]]}"#, "input", "tokens are not taken"),
            (#"{"input":[]}"#, "input", "at least one"), (#"{"input":7}"#, "input", "a text or a list"),
            (#"{"input":["a","b","c","d"]}"#, "input", "more than 3"),
            (#"{"vectors":[[1],[1],[1],[1]]}"#, "vectors", "more than 3"),
            (#"{"vectors":[["a"]]}"#, "vectors", "value was expected"), (#"{"k":0}"#, "k", "from 1"),
            (#"{"k":1.5}"#, "k", "from 1"),
            (#"{"encoding_format":"hex"}"#, "encoding_format", "'hex'"), (#"{"input_type":"x"}"#, "input_type", "'x'"),
            (#"{"inputs":"a"}"#, "inputs", "unknown field"),
            (#"{"include_texts":1}"#, "include_texts", "true or false"),
            (#"{"input":"\uD800"}"#, "input", "surrogate"),
        ] as [(String, String?, String)]
    )
    func `what is wrong is named`(body: String, field: String?, expected: String) {
        let error = #expect(throws: ServiceError.self) { try request(body) }
        #expect(error?.status == 400 && error?.parameter == field, "\(error?.message ?? "")")
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test func `floats in Base64 are those of RFC 4648`() {
        let words = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
            "foobar": "Zm9vYmFy",
        ]
        for (plain, coded) in words { #expect(Base64.text(ofBytes: Array(plain.utf8)) == coded) }
        #expect(Base64.text(of: [1, -2] as [Float]) == "AACAPwAAAMA=")
    }
}
