// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Numbers as a person reads them.
enum Quantity {
    /// `12.3 k`, `4.56 M`: three digits and a prefix.
    static func short(_ value: Double) -> String {
        let prefixes = ["", " k", " M", " G", " T", " P"]
        var value = value
        var index = 0
        while abs(value) >= 1000, index < prefixes.count - 1 {
            value /= 1000
            index += 1
        }
        let digits = index == 0 ? 0 : abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 2
        return fixed(value, digits) + prefixes[index]
    }

    /// `0.42 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
    static func seconds(_ value: Double) -> String {
        if value < 10 { return fixed(value, value < 1 ? 2 : 1) + " s" }
        let whole = Int(value.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    /// A number with that many digits after the point, rounded half away from zero.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard abs(value) * scale < 0x1p62 else { return "\(value)" }
        let scaled = Int((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if digits == 0 { return sign + "\(scaled)" }
        let fraction = String(scaled % Int(scale))
        return sign + "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

/// An amount of memory as a person writes it: `2GiB`, `500MB`, `1048576`.
struct MemorySize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [(String, Double)] = [
            ("KIB", 0x1p10), ("MIB", 0x1p20), ("GIB", 0x1p30), ("TIB", 0x1p40), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9),
            ("TB", 1e12), ("K", 0x1p10), ("M", 0x1p20), ("G", 0x1p30), ("T", 0x1p40), ("B", 1), ("", 1),
        ]
        let text = argument.uppercased()
        guard let unit = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
        let number = text.dropLast(unit.0.count)
        guard let value = Double(number), value > 0, value * unit.1 < 0x1p62 else { return nil }
        bytes = Int(value * unit.1)
    }
}
