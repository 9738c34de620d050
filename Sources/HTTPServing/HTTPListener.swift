// SPDX-License-Identifier: Apache-2.0

#if Server
internal import CHTTPServer
internal import Synchronization
internal import System

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// An HTTP/1.1 server on libmicrohttpd: a thread for each connection, which waits for its answer.
@safe package final class HTTPListener: Sendable {
    /// The port that it listens on.
    package let port: Int
    nonisolated(unsafe) private let daemon: OpaquePointer
    nonisolated(unsafe) private let context: UnsafeMutableRawPointer
    private let isEnded = Mutex(false)
    private let traffic: Traffic

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - host: An address or a name of this machine.
    ///   - port: 0 for any that is free.
    /// - Throws: ``HTTPServerFault`` if the library is missing or the address cannot be had.
    package init(
        host: String,
        port: Int,
        limits: HTTPLimits = HTTPLimits(),
        responder: any HTTPResponder
    ) throws(HTTPServerFault) {
        if case .failure(let fault) = Self.library { throw fault }
        guard let number = UInt16(exactly: port) else {
            throw HTTPServerFault(description: "\(port) is no port; expected 0 to 65535")
        }
        let traffic = Traffic(responder: responder, limits: limits)
        let context = unsafe Unmanaged.passRetained(traffic).toOpaque()
        var reason = [CChar](repeating: 0, count: 256)
        let started = unsafe host.withCString { host in
            var options = unsafe simile_http_options(
                host: host,
                port: number,
                connections: UInt32(clamping: limits.connections),
                seconds: UInt32(clamping: limits.idleSeconds),
                header_bytes: limits.headerBytes,
                handler: handleRequest,
                completed: endRequest,
                context: context
            )
            return unsafe simile_http_start(&options, &reason, reason.count)
        }
        guard let started = unsafe started else {
            unsafe Unmanaged<Traffic>.fromOpaque(context).release()
            let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw HTTPServerFault(description: "cannot listen at \(host), port \(port): \(text)")
        }
        unsafe daemon = unsafe started
        unsafe self.context = unsafe context
        self.traffic = traffic
        self.port = Int(unsafe simile_http_port(started))
    }

    /// The release of the library, e.g. `0.9.75`; nil if it is not there.
    package static var version: String? {
        guard case .success = library else { return nil }
        return unsafe simile_http().pointee.MHD_get_version().map { unsafe String(cString: $0) }
    }

    /// Requests that have begun and have no answer yet.
    package var requestsUnderWay: Int { traffic.count }

    /// Takes no new connections, answers what has come, and ends: at most after so long, or as soon as nothing is under way.
    ///
    /// Requests that come over open connections meanwhile are answered as well, and the connections are ended with that.
    ///
    /// - Parameter giveUp: Called when the time is over, or nothing is under way any more: has answers given soon that are still waited for.
    package func stop(within grace: Duration, giveUp: () -> Void) {
        if isEnded.withLock({ isEnded in
            defer { isEnded = true }; return isEnded
        }) {
            return
        }
        traffic.end()
        let listening = unsafe simile_http().pointee.MHD_quiesce_daemon(daemon)
        wait(grace)
        giveUp()
        // What has been given up is told to its clients.
        wait(.seconds(5))
        unsafe simile_http().pointee.MHD_stop_daemon(daemon)
        if listening >= 0 { close(listening) }
        unsafe Unmanaged<Traffic>.fromOpaque(context).release()
    }

    /// Waits until nothing is under way, at most so long.
    private func wait(_ time: Duration) {
        let deadline = ContinuousClock.now + time
        while traffic.count > 0, ContinuousClock.now < deadline { usleep(2_000) }
    }

    private static let library: Result<Void, HTTPServerFault> = {
        guard let missing = unsafe simile_load_http() else { return .success(()) }
        return .failure(
            HTTPServerFault(
                description:
                    "\(unsafe String(cString: missing)); the server needs libmicrohttpd (on Debian: apt-get install libmicrohttpd12)"
            )
        )
    }()
}

/// What the connections of a server share.
private final class Traffic: Sendable {
    let responder: any HTTPResponder
    let limits: HTTPLimits
    private let state = Mutex((count: 0, isEnding: false))

    init(responder: any HTTPResponder, limits: HTTPLimits) {
        self.responder = responder
        self.limits = limits
    }

    var count: Int { state.withLock { $0.count } }
    var isEnding: Bool { state.withLock { $0.isEnding } }
    func begin() { state.withLock { $0.count += 1 } }
    func finish() { state.withLock { $0.count -= 1 } }
    func end() { state.withLock { $0.isEnding = true } }
}

/// A request as it comes in, on the thread of its connection.
private final class Arrival {
    let head: HTTPRequestHead
    var body: [UInt8] = []
    /// Bytes beyond the limit, which nobody keeps.
    var excess = 0

    init(_ head: HTTPRequestHead) { self.head = head }
}

/// Called when the head has come, then with each piece of the body, then without any.
private func handleRequest(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?,
    _ piece: UnsafePointer<CChar>?,
    _ pieceSize: UnsafeMutablePointer<Int>?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let connection = unsafe connection, let pieceSize = unsafe pieceSize,
        let place = unsafe place, let url = unsafe url, let method = unsafe method
    else { return MHD_Result.NO }
    let traffic = unsafe Unmanaged<Traffic>.fromOpaque(context).takeUnretainedValue()
    guard let known = unsafe place.pointee else {
        let head = HTTPRequestHead(
            method: unsafe String(cString: method),
            path: unsafe String(cString: url),
            authorization: unsafe header("Authorization", of: connection),
            contentLength: unsafe header("Content-Length", of: connection).flatMap { Int($0) }
        )
        unsafe place.pointee = unsafe Unmanaged.passRetained(Arrival(head)).toOpaque()
        traffic.begin()
        if let refusal = traffic.responder.refusal(of: head) {
            return unsafe send(refusal, over: connection, closing: true)
        }
        if let length = head.contentLength, length > traffic.limits.bodyBytes {
            return unsafe send(traffic.responder.answerToLongBody(of: head), over: connection, closing: true)
        }
        return MHD_Result.YES
    }
    let arrival = unsafe Unmanaged<Arrival>.fromOpaque(known).takeUnretainedValue()
    let size = unsafe pieceSize.pointee
    if size > 0 {
        unsafe pieceSize.pointee = 0
        if arrival.excess > 0 || arrival.body.count + size > traffic.limits.bodyBytes {
            // As much again is read for the sake of an answer, and no more.
            arrival.excess += size
            arrival.body = []
            return arrival.excess > traffic.limits.bodyBytes ? MHD_Result.NO : MHD_Result.YES
        }
        if let piece = unsafe piece {
            unsafe arrival.body.append(
                contentsOf: UnsafeRawBufferPointer(start: UnsafeRawPointer(piece), count: size)
            )
        }
        return MHD_Result.YES
    }
    if arrival.excess > 0 {
        return unsafe send(traffic.responder.answerToLongBody(of: arrival.head), over: connection, closing: true)
    }
    let answer = traffic.responder.answer(to: HTTPRequest(head: arrival.head, body: arrival.body))
    arrival.body = []
    return unsafe send(answer, over: connection, closing: traffic.isEnding)
}

/// Called when a request has been answered, or its client has gone.
private func endRequest(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ end: MHD_RequestTerminationCode
) {
    guard let context = unsafe context, let place = unsafe place, let known = unsafe place.pointee else { return }
    unsafe place.pointee = nil
    unsafe Unmanaged<Arrival>.fromOpaque(known).release()
    unsafe Unmanaged<Traffic>.fromOpaque(context).takeUnretainedValue().finish()
}

@unsafe private func header(_ name: String, of connection: OpaquePointer) -> String? {
    unsafe simile_http().pointee.MHD_lookup_connection_value(connection, MHD_ValueKind.HEADER_KIND, name).map {
        unsafe String(cString: $0)
    }
}

@unsafe private func send(_ answer: HTTPAnswer, over connection: OpaquePointer, closing: Bool) -> MHD_Result {
    let functions = unsafe simile_http()
    // It is copied; an address there is even of nothing.
    var body = answer.body.isEmpty ? [0] : answer.body
    let made: OpaquePointer? = unsafe functions.pointee.MHD_create_response_from_buffer(
        answer.body.count,
        &body,
        MHD_ResponseMemoryMode.RESPMEM_MUST_COPY
    )
    guard let response = unsafe made else { return MHD_Result.NO }
    defer { unsafe functions.pointee.MHD_destroy_response(response) }
    var headers = answer.headers + [("Content-Type", answer.contentType)]
    if closing { headers.append(("Connection", "close")) }
    for (name, value) in headers { unsafe _ = functions.pointee.MHD_add_response_header(response, name, value) }
    return unsafe functions.pointee.MHD_queue_response(connection, UInt32(answer.status), response)
}
#endif
