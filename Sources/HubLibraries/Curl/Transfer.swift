// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import CHubLibraries

/// One request under way: what libcurl is told of it, and what has come back. Of the loop's thread alone.
@safe final class Transfer {
    /// Bytes of headers, all together: many times what servers send.
    private static let headLimit = 128 << 10

    let pending: PendingTransfer
    let easy: UnsafeMutableRawPointer
    private var headerLines: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headers: [(name: String, value: String)] = []
    private var headByteCount = 0
    private var body: [UInt8] = []
    private var requestCount = 0
    /// Why a callback has ended the transfer.
    private var fault: HTTPFailure.Reason?

    /// Nil if there is no memory for it.
    init?(_ pending: PendingTransfer) {
        guard let easy = unsafe simile_curl().pointee.curl_easy_init() else {
            unsafe errorText.deallocate()
            return nil
        }
        self.pending = pending
        unsafe self.easy = easy
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        configure(pending.request)
    }

    deinit {
        unsafe simile_curl().pointee.curl_easy_cleanup(easy)
        unsafe simile_curl().pointee.curl_slist_free_all(headerLines)
        unsafe errorText.deallocate()
    }

    private func configure(_ request: HTTPRequest) {
        let isEncrypted = request.address.hasPrefix("https:")
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe set(CURLOPT_PRIVATE, context)
        unsafe set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        set(CURLOPT_URL, request.address)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let file = request.certificateFile ?? CertificateBundle.place { set(CURLOPT_CAINFO, file) }
        // Several requests over one connection where the server offers it; without encryption it cannot offer.
        let version = isEncrypted ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        set(CURLOPT_HTTP_VERSION, Int(version))
        set(CURLOPT_PIPEWAIT, isEncrypted ? 1 : 0)
        // No signals: the process has its own. No wait for a resolver whose answer nobody needs any more.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        set(CURLOPT_TIMEOUT_MS, max(1, Int(min(request.seconds, 86_400) * 1000)))
        set(CURLOPT_ACCEPT_ENCODING, "gzip")
        set(CURLOPT_USERAGENT, "simile")
        _ = unsafe simile_curl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, request.byteLimit)
        unsafe simile_curl_close_on_exec(easy)
        switch request.proxy {
        case .none: set(CURLOPT_PROXY, "")
        case .environment: break
        case .address(let address): set(CURLOPT_PROXY, address)
        }
        // A proxy passes bytes on and reads none, encrypted or not; what it says itself is no answer.
        set(CURLOPT_HTTPPROXYTUNNEL, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // An expectation makes of a large request two.
        for line in request.headers + ["expect:"] {
            unsafe headerLines = simile_curl().pointee.curl_slist_append(headerLines, line)
        }
        unsafe set(CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(headerLines))
        if let body = request.body {
            _ = unsafe simile_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            // Copied here, so that it outlives this call.
            unsafe body.withUnsafeBytes { bytes in
                unsafe set(CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            }
            set(CURLOPT_POST, 1)
        }
        unsafe setCallbacks(context)
    }

    private func setCallbacks(_ context: UnsafeMutableRawPointer) {
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_XFERINFODATA, CURLOPT_PREREQDATA] {
            unsafe set(option, context)
        }
        _ = unsafe simile_curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            unsafe Transfer.of(context)?.receiveBody(UnsafeRawBufferPointer(start: bytes, count: count)) == true
                ? count : 0
        }
        _ = unsafe simile_curl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            unsafe Transfer.of(context)?.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: count)) == true
                ? count : 0
        }
        set(CURLOPT_NOPROGRESS, 0)
        _ = unsafe simile_curl_set_progress(easy) { context, _, received, _, _ in
            unsafe Transfer.of(context)?.mayReceive(Int(received)) == true ? 0 : 1
        }
        _ = unsafe simile_curl_set_prerequest(easy) { context, host, _, _, _ in
            guard let host = unsafe host else { return 1 }
            return unsafe Transfer.of(context)?.mayBeSent(to: String(cString: host)) == true ? 0 : 1
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        unsafe context.map { unsafe Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= pending.request.byteLimit else { return stop(.tooLong) }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    /// What has come over the wire, before it is inflated.
    private func mayReceive(_ byteCount: Int) -> Bool {
        byteCount <= pending.request.byteLimit || stop(.tooLong)
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headByteCount += bytes.count
        guard headByteCount <= Self.headLimit else { return stop(.headTooLong) }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // An answer before this one said that it goes on (1xx).
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
            let end = value.lastIndex { !$0.isWhitespace }.map { value.index(after: $0) } ?? value.startIndex
            headers.append((line[..<colon].lowercased(), String(value[..<end])))
        }
        return true
    }

    /// Asked when there is a connection and nothing of the request has been sent over it.
    private func mayBeSent(to host: String) -> Bool {
        // libcurl sends a request again by itself where a connection that was kept turns out to be closed. Who counts and paces
        // requests must know of it.
        if requestCount > 0 { return stop(.closed) }
        requestCount += 1
        return !pending.request.staysOnMachine || host.hasPrefix("127.") || host == "::1"
            || host.hasPrefix("::ffff:127.") || stop(.leavesMachine)
    }

    private func stop(_ reason: HTTPFailure.Reason) -> Bool {
        fault = fault ?? reason
        return false
    }

    /// What has come of it, when libcurl says that it has ended.
    func outcome(_ code: CURLcode) -> Result<HTTPAnswer, HTTPFailure> {
        if code == CURLE_OK {
            let status = unsafe simile_curl_number(easy, CURLINFO_RESPONSE_CODE)
            return .success(HTTPAnswer(status: status, body: body, headers: headers))
        }
        var detail = unsafe String(cString: errorText)
        if detail.isEmpty, let text = unsafe simile_curl().pointee.curl_easy_strerror(code) {
            detail = unsafe String(cString: text)
        }
        let isConnected = unsafe simile_curl_size(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
        return .failure(HTTPFailure(reason: fault ?? .init(code, isConnected: isConnected), detail: detail))
    }

    private func set(_ option: CURLoption, _ value: Int) { _ = unsafe simile_curl_set_number(easy, option, value) }
    private func set(_ option: CURLoption, _ value: String) { _ = unsafe simile_curl_set_text(easy, option, value) }
    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        _ = unsafe simile_curl_set_pointer(easy, option, value)
    }
}

extension HTTPFailure.Reason {
    fileprivate init(_ code: CURLcode, isConnected: Bool) {
        self =
            switch code {
            case CURLE_OPERATION_TIMEDOUT: isConnected ? .noAnswerInTime : .noConnectionInTime
            case CURLE_FILESIZE_EXCEEDED: .tooLong
            case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2_STREAM: .closed
            case CURLE_COULDNT_RESOLVE_HOST: .nameUnknown
            case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .wrongProxy
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: .notTrusted
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING,
                CURLE_WRITE_ERROR:
                .notHTTP
            case CURLE_COULDNT_CONNECT: .connectionRefused
            default: .other
            }
    }
}
#endif
