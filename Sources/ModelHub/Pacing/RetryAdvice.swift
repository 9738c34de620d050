// SPDX-License-Identifier: Apache-2.0

#if ModelHub
/// What the headers of an answer advise about the next request.
package struct RetryAdvice: Sendable, Equatable {
    /// Seconds that the server wants to be left alone; nil if it does not say, or nothing that makes sense.
    package var seconds: Double?
    /// `x-should-retry`, which overrules the status.
    package var shouldRetry: Bool?
    /// Seconds until the server's bucket is filled again, if it says that the bucket is empty now.
    package var pause: Double?

    /// Reads the headers; `header` gives the first value of a name.
    ///
    /// `retry-after-ms` comes before `Retry-After`, which is seconds, with a fraction or without, or an HTTP date (RFC 9110,
    /// sections 10.2.3 and 5.6.7). A date is compared with the server's own clock, its `Date` header, if there is one: the two
    /// machines' clocks need not agree.
    package init(wallSeconds: Double, _ header: (String) -> String?) {
        if let text = header("retry-after-ms"), let value = Double(text.trimmed) {
            seconds = Self.sensible(value / 1000)
        }
        if seconds == nil, let text = header("retry-after")?.trimmed {
            if let value = Double(text) {
                seconds = Self.sensible(value)
            } else if let date = HTTPDate.seconds(text) {
                let now = header("date").flatMap { HTTPDate.seconds($0.trimmed) } ?? wallSeconds
                seconds = Self.sensible(date - now)
            }
        }
        shouldRetry = header("x-should-retry").flatMap { ["true": true, "false": false][$0.trimmed] }
        let remaining = header("x-ratelimit-remaining-requests") ?? header("x-ratelimit-remaining")
        if remaining.flatMap({ Double($0.trimmed) }) == 0,
            let reset = header("x-ratelimit-reset-requests") ?? header("x-ratelimit-reset")
        {
            pause = Self.duration(reset.trimmed, wallSeconds: wallSeconds)
        }
    }

    private static func sensible(_ seconds: Double) -> Double? { seconds.isFinite && seconds > 0 ? seconds : nil }

    /// `1s`, `6m0s`, `20ms`, `1h2m`; plain seconds; or seconds since 1970. Only a hint, so no more than a minute.
    package static func duration(_ text: String, wallSeconds: Double) -> Double? {
        var total = 0.0
        if let value = Double(text) {
            total = value > 1e9 ? value - wallSeconds : value
        } else {
            var rest = text[...]
            while !rest.isEmpty {
                let number = rest.prefix { $0.isNumber || $0 == "." }
                rest = rest[number.endIndex...]
                let unit = rest.prefix { $0.isLetter }
                rest = rest[unit.endIndex...]
                let scale = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400][String(unit)]
                guard let value = Double(number), let scale else { return nil }
                total += value * scale
            }
        }
        return sensible(total).map { min($0, 60) }
    }
}

/// Dates of HTTP headers: `Fri, 29 Sep 2023 16:26:57 GMT` (RFC 9110, section 5.6.7; the obsolete forms are not read).
package enum HTTPDate {
    /// Seconds since 1970, or nil if it is no such date.
    package static func seconds(_ text: String) -> Double? {
        let parts = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 6, parts[5] == "GMT",
            ["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"].contains(parts[0]),
            let day = Int(parts[1]), (1...31).contains(day), let month = months.firstIndex(of: String(parts[2])),
            let year = Int(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else {
            return nil
        }
        // Days since 1970 of a civil date: years begin in March, so that the leap day is the last (H. Hinnant, "chrono-
        // Compatible Low-Level Date Algorithms").
        let march = (month + 10) % 12
        let shifted = month < 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * march + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return Double(days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2])
    }
}

extension String {
    /// Without spaces and tabs around it.
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
#endif
