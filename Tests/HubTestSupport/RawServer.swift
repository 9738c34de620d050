// SPDX-License-Identifier: Apache-2.0

// A server that says whatever bytes a test gives it, whether or not they are HTTP.

#if ModelHub
internal import FlyingSocks
public import Foundation
internal import Synchronization

/// A port on loopback. Every connection is handed to the test's own code on a thread of its own, and closed when that returns.
public final class RawServer: Sendable {
    /// A connection that a client has made.
    public struct Connection: Sendable {
        fileprivate let socket: Socket
        /// Which connection it is, from 0.
        public let number: Int

        /// Reads a request to the end of its body; nil when the client has gone.
        public func readRequest() -> String? {
            var bytes: [UInt8] = []
            while true {
                let text = String(decoding: bytes, as: UTF8.self)
                if let head = text.range(of: "\r\n\r\n") {
                    let announced = text[..<head.lowerBound].lowercased().split(separator: "\r\n")
                        .first { $0.hasPrefix("content-length:") }
                        .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                    if text[head.upperBound...].utf8.count >= announced ?? 0 { return text }
                }
                guard let more = try? socket.read(atMost: 1 << 16), !more.isEmpty else { return nil }
                bytes += more
            }
        }

        /// Writes bytes; false when the client has gone.
        @discardableResult public func write(_ text: String) -> Bool { write(Data(text.utf8)) }

        /// Writes bytes; false when the client has gone.
        @discardableResult public func write(_ data: Data) -> Bool {
            var index = data.startIndex
            while index < data.endIndex {
                guard let next = try? socket.write(data, from: index), next > index else { return false }
                index = next
            }
            return true
        }

        /// Waits until the client closes the connection.
        public func waitForEnd() {
            while let more = try? socket.read(atMost: 1 << 16), !more.isEmpty {}
        }
    }

    private let socket: Socket
    private let count = Atomic<Int>(0)
    private let port: UInt16

    /// Starts it.
    public init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        socket = try Socket(domain: Int32(AF_INET))
        try socket.bind(to: .inet(ip4: "127.0.0.1", port: 0))
        try socket.listen()
        guard case .ip4(_, let port) = try socket.sockname() else { throw SocketError.unsupportedAddress }
        self.port = port
        Thread { [socket, weak self] in
            while let (file, _) = try? socket.accept() {
                guard let self else {
                    try? Socket(file: file).close()
                    break
                }
                let connection = Connection(
                    socket: Socket(file: file),
                    number: count.wrappingAdd(1, ordering: .relaxed).oldValue
                )
                Thread {
                    serve(connection)
                    try? connection.socket.close()
                }.start()
            }
            try? socket.close()
        }.start()
    }

    // Wakes the thread that waits for a connection, which then closes the port.
    deinit {
        if let last = try? Socket(domain: Int32(AF_INET)) {
            try? last.connect(to: .inet(ip4: "127.0.0.1", port: port))
            try? last.close()
        }
    }

    /// Connections so far.
    public var connectionCount: Int { count.load(ordering: .relaxed) }

    /// Host and port.
    public var host: String { "127.0.0.1:\(port)" }

    /// The base address, without encryption.
    public var address: String { "http://\(host)/v1" }
}
#endif
