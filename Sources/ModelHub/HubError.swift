// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// Why the hub did not give what was asked for.
///
/// The description is safe to log: it never holds the token, and of an answer no more than an excerpt.
public struct HubError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, e.g. `unauthorized`.
        public let description: String

        private init(_ name: String) { description = name }

        /// There is no token, or the hub does not accept it (401, 403).
        public static let unauthorized = Code("unauthorized")
        /// The hub refuses the request: no such model, a wrong parameter (other 4xx).
        public static let requestRefused = Code("requestRefused")
        /// Texts that are blank, or that the hub refuses whatever their company; ``HubError/rows`` names them.
        public static let textsRefused = Code("textsRefused")
        /// Too many requests (429), after all attempts, or with a wait that is too long.
        public static let rateLimited = Code("rateLimited")
        /// The quota of the account is used up; waiting does not help.
        public static let quotaExhausted = Code("quotaExhausted")
        /// No connection, no answer in time, or 5xx, after all attempts.
        public static let unavailable = Code("unavailable")
        /// An answer that breaks the protocol: count, order, dimension, values, form.
        public static let malformedAnswer = Code("malformedAnswer")
        /// The address of the hub is not usable, or it leads elsewhere.
        public static let wrongAddress = Code("wrongAddress")
        /// A number of the configuration cannot be.
        public static let invalidConfiguration = Code("invalidConfiguration")
        /// The token would go over a connection that anybody on the way can read.
        public static let unencrypted = Code("unencrypted")
        /// A library of the system is missing: libcurl, libcrypto or libsqlite3.
        public static let missingLibrary = Code("missingLibrary")
        /// The local cache cannot be read or written.
        public static let cache = Code("cache")
        /// The file of the local cache is no database, or a broken one.
        public static let damagedCache = Code("damagedCache")
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, what was expected and what was found.
    public let message: String
    /// The HTTP status, if there was an answer.
    public internal(set) var status: Int?
    /// What the server calls the request (`x-request-id`), if it said.
    public internal(set) var requestID: String?
    /// The model that was asked.
    public internal(set) var model: String?
    /// Rows of the texts that are meant, counted from 0; empty if the failure is not about texts.
    public internal(set) var rows: [Int] = []

    init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// All of it in one line.
    public var description: String {
        var place: [String] = []
        if let model { place.append("model \(model)") }
        if let first = rows.first {
            let shown = rows.prefix(10).map(String.init).joined(separator: ", ")
            place.append(rows.count == 1 ? "row \(first)" : "rows \(shown)\(rows.count > 10 ? ", ..." : "")")
        }
        if let status { place.append("status \(status)") }
        if let requestID { place.append("request \(requestID)") }
        return "Model Hub: \(message)" + (place.isEmpty ? "" : " (\(place.joined(separator: ", ")))")
    }
}
#endif
