// SPDX-License-Identifier: Apache-2.0

// The wire, without a wire: base64, answers good and bad, requests, errors in all their forms, lists of models. Test vectors
// were computed with Python's struct and base64.

#if ModelHub
import HubTestSupport
import ModelHub
import Testing

@Suite struct WireTests {
    private func decode(_ text: String) throws -> [Float] {
        var floats: [Float] = []
        let count = try Base64Floats().decode(Array(text.utf8)[...], into: &floats)
        #expect(count == floats.count)
        return floats
    }

    @Test func `base64 floats are read, with each kind of end`() throws {
        #expect(try decode("AAAAPwAAgL8AAIA+AABAQA==") == [0.5, -1.0, 0.25, 3.0])
        #expect(try decode("ZicXO4DRGLw4BT27") == [0.0023064255, -0.009327292, -0.0028842222])
        #expect(try decode("AAAAPw==") == [0.5])
        #expect(try decode("AAAAPwAAgL8=") == [0.5, -1])
        for count in 1...40 {
            let vector = (0..<count).map { i -> Float in 3.1e12 / Float(i + 1) - 1.7e-9 * Float(i) }
            #expect(try decode(HubReply.base64(vector)) == vector)
        }
    }

    @Test(arguments: [
        "", "AAAAP", "AAAAPw=", "AAA=Pw==", "AAAAPw=A", "AAAA", "AAAAPw===", "====", "AAAA Pw=", "AAAAPw==AAAA",
        "AAAA-w==",
        "AADAfwAAgH8=",
    ])
    func `what is no base64 of finite floats is refused`(text: String) {
        #expect(throws: Base64Floats.Fault.self) { try decode(text) }
    }

    private func answer(_ items: String, count: Int) throws(EmbeddingAnswer.Fault) -> EmbeddingAnswer {
        try EmbeddingAnswer(
            Array(#"{"object":"list","data":\#(items),"usage":{"x":[1,{}]},"model":null}"#.utf8),
            count: count
        )
    }

    @Test func `vectors are put in the order of their indices`() throws {
        let items = [(2, "[5,6]"), (0, "[1,2]"), (1, "[3,4]")].map { #"{"index":\#($0),"embedding":\#($1)}"# }
        let found = try answer("[\(items.joined(separator: ","))]", count: 3)
        #expect(found.values == [1, 2, 3, 4, 5, 6] && found.dimension == 2)
        #expect(try answer(#"[{"embedding":[1]},{"embedding":[2]}]"#, count: 2).values == [1, 2])
    }

    @Test func `numbers are read in every form that JSON has`() throws {
        let found = try answer(
            #"[{"index":0,"embedding":[1, -1.2e-05, -0.0, 0.022918701171875, 1E2, 12345678901234567890]}]"#,
            count: 1
        )
        #expect(found.values == [1, -1.2e-05, 0, 0.022918701171875, 100, 1.2345679e19])
        #expect(found.values[2].sign == .minus)
        #expect(
            try answer(#"[{"embedding":"AAAAPwAAgL8AAIA+AABAQA\u003d\u003d"}]"#, count: 1).values == [0.5, -1, 0.25, 3]
        )
        // ZicXO4DRGLw4BT27 has no slash; this one has, escaped as Foundation does.
        #expect(try answer(#"[{"embedding":"AAD\/Pg=="}]"#, count: 1).values == [0.498046875])
    }

    @Test(arguments: [
        ("[]", 1, "expected 1 vectors"), ("null", 1, "expected an array \"data\""),
        (#"[{"index":0,"embedding":[1]}]"#, 2, "expected 2 vectors"),
        (#"[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]"#, 2, "the index 0 is there twice"),
        (#"[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]"#, 2, "expected indices from 0 to 1, found 2"),
        (#"[{"index":0,"embedding":[1]},{"index":-1,"embedding":[1]}]"#, 2, "found -1"),
        (#"[{"index":0,"embedding":[1]},{"embedding":[1]}]"#, 2, "1 of 2 vectors have an index"),
        (#"[{"index":0.5,"embedding":[1]}]"#, 1, "has an index that is the number 0.5"),
        (
            #"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1]}]"#, 2,
            "text 1 has 1 components, the ones before it 2"
        ),
        (#"[{"index":0,"embedding":[1],"embedding":[2]}]"#, 1, "vector 0 has the key \"embedding\" twice"),
        (#"[{"index":0,"index":1,"embedding":[1]},{"index":0,"embedding":[2]}]"#, 2, "the key \"index\" twice"),
        (#"[{"embedding":[1]}],"data":[{"embedding":[2]}]"#, 1, "\"data\" is there twice"),
        (#"[{"index":0,"embedding":[1]}"#, 1, "not valid JSON"),
    ])
    func `an answer that breaks the protocol is refused with the reason`(items: String, count: Int, reason: String) {
        do {
            _ = try answer(items, count: count)
            Issue.record("accepted: \(items)")
        } catch {
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test(arguments: [
        (#""embedding":[]"#, "is empty or missing"),
        (#""x":0"#, "is empty or missing"),
        (#""embedding":[1,null]"#, "has a component 1 that is null, not a number"),
        (#""embedding":[1,1e39]"#, "has a component 1 beyond the range of Float"),
        (#""embedding":[[1,2]]"#, "that is an array, not a number"),
        (#""embedding":"AADAfwAAgH8=""#, "has a component 0 that is a NaN or an infinity"),
        (#""embedding":"AAAAPw""#, "is not valid base64"),
        (#""embedding":"AAAA""#, "has 3 bytes"),
        (#""embedding":{}"#, "is an object"),
        (#""embedding":[0,-0.0]"#, "is zero in every component"), (#""embedding":null"#, "is null"),
    ])
    func `a vector that cannot be used is told by its text, and the others are there`(item: String, reason: String)
        throws
    {
        let items = #"[{"index":2,"embedding":[3,4]},{"index":1,\#(item)},{"index":0,"embedding":[1,2]}]"#
        let found = try answer(items, count: 3)
        #expect(found.dimension == 2 && found.values == [1, 2, 0, 0, 3, 4])
        #expect(found.unusable.count == 1 && found.unusable[1]?.contains(reason) == true, "\(found.unusable)")
    }

    @Test func `requests leave out what is not asked for and escape only what they must`() {
        let plain = EmbeddingRequest.body(model: "BAAI/bge-m3", texts: ["a\"\\\n\u{1}é/"], dimensions: nil)
        #expect(
            String(decoding: plain, as: UTF8.self)
                == #"{"model":"BAAI/bge-m3","encoding_format":"base64","input":["a\"\\\n\u0001é/"]}"#
        )
        let shortened = String(
            decoding: EmbeddingRequest.body(model: "m", texts: ["a", "b"], dimensions: 256),
            as: UTF8.self
        )
        #expect(shortened == #"{"model":"m","encoding_format":"base64","dimensions":256,"input":["a","b"]}"#)
    }

    @Test(arguments: [
        (#"{"httpStatus":401,"messages":[{"errorCode":"paas-auth-1","message":"Unauthorized"}]}"#, "Unauthorized"),
        (#"{"error":{"message":"too long","type":"BadRequestError","param":null,"code":400}}"#, "too long"),
        (#"{"object":"error","message":"flat","type":"BadRequestError","param":null,"code":400}"#, "flat"),
        (
            #"{"error":{"message":"litellm.BadRequestError: x","type":null,"param":null,"code":"400"}}"#,
            "litellm.BadRequestError: x"
        ),
        (
            #"{"detail":[{"type":"literal_error","loc":["body","encoding_format"],"msg":"Input should be 'float'"}]}"#,
            "body.encoding_format: Input should be 'float'"
        ),
        (#"{"detail":"Not Found"}"#, "Not Found"), (#"{"error":"model not found"}"#, "model not found"),
        (#"{"error":{"message":["one","two"]}}"#, "one; two"),
        ("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway nginx"),
        ("upstream \u{1B}[31mtimed\nout", "upstream [31mtimed out"), ("", ""), (#"{"err"#, #"{"err"#),
    ])
    func `errors of every form are read`(body: String, text: String) {
        #expect(ServerMessage(Array(body.utf8)) { $0 }.text == text)
    }

    @Test func `an excerpt is short and has no part of the token`() throws {
        let token = try #require(HubToken(" \(secret)\n"))
        let echo = String(repeating: "x", count: 280) + secret
        let message = ServerMessage(Array(#"{"error":{"message":"\#(echo)"}}"#.utf8)) { text in
            "\(text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "[token]"))"
        }
        #expect(message.text.count <= 303 && !message.text.contains(secret.prefix(8)))
        #expect("\(token) \(String(reflecting: token))" == "[token] [token]")
        var dumped = ""
        var configuration = HubConfiguration()
        configuration.token = token
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("secret"))
    }

    @Test func `a short token is taken out where it stands as a word, not out of words`() throws {
        let token = try #require(HubToken("o"))
        #expect(token.removed(from: "bad key o for 'o': no good") == "bad key [token] for '[token]': no good")
        let long = try #require(HubToken("o-123456"))
        #expect(long.removed(from: "keyo-123456.") == "key[token].")
    }

    @Test(arguments: [nil, "", " \n", "a b", "a\u{7}", "ä"])
    func `what cannot be a token is none`(text: String?) { #expect(text.flatMap { HubToken($0) } == nil) }

    @Test func `lists of models are read, known embedding models first`() throws {
        let models = try #require(
            HubModel.list(
                Array(
                    #"{"data":[{"id":"a/chat","object":"model"},{"id":"BAAI/bge-m3","owned_by":"openai"}],"object":"list"}"#
                        .utf8
                )
            )
        )
        #expect(models.map(\.id) == ["BAAI/bge-m3", "a/chat"])
        #expect(models[0].facts?.dimension == 1024 && models[1].facts == nil)
        #expect(HubModel.list(Array(#"[{"id":"x"}]"#.utf8))?.map(\.id) == ["x"])
        #expect(HubModel.list(Array("{}".utf8)) == nil)
    }

    @Test(arguments: [
        ("https://host", "https://host/v1"), ("https://host/", "https://host/v1"),
        ("http://Host:80/v1/", "http://host:80/v1"),
        ("https://host/openai/v1", "https://host/openai/v1"), ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ])
    func `addresses come into one form`(address: String, base: String) throws {
        #expect(try HubEndpoint(address).base == base)
    }

    @Test(arguments: [
        "host", "ftp://host", "https://", "https://user:pass@host/v1", "https://host/v1?x=1", "", "https://host/#a",
    ])
    func `what is no address of a service is refused without its password`(address: String) {
        do {
            _ = try HubEndpoint(address)
            Issue.record("accepted \(address)")
        } catch {
            #expect((error as? HubError)?.code == .wrongAddress && !"\(error)".contains("pass@"))
        }
    }
}
#endif
