// SPDX-License-Identifier: Apache-2.0

/// Points of the plane with labels and colors: what the pictures of this module are drawn from.
package struct ScatterPlot: Sendable {
    package struct Point: Sendable {
        package let x: Double
        package let y: Double
        /// What is told of the point.
        package let label: String
        /// Its group, which gives it a color; nil for none.
        package let group: Int?

        package init(x: Double, y: Double, label: String, group: Int?) {
            self.x = x
            self.y = y
            self.label = label
            self.group = group
        }
    }

    package let title: String
    package let points: [Point]
    /// A name for each group.
    package let groups: [String]
    /// Whether the places mean something by themselves, so that axes with numbers are drawn.
    package let hasAxes: Bool

    /// - Precondition: places are finite, and every group has a name.
    package init(title: String, points: [Point], groups: [String], hasAxes: Bool) {
        precondition(
            points.allSatisfy { $0.x.isFinite && $0.y.isFinite && $0.group.map { 0..<groups.count ~= $0 } ?? true }
        )
        self.title = title
        self.points = points
        self.groups = groups
        self.hasAxes = hasAxes
    }

    /// The rectangle that all points are in, as large in both directions, with room around them. With axes it has the origin in it, if that
    /// is no farther away than the points are from each other: of places far out, the places are what is to be seen.
    var frame: (x: Double, y: Double, side: Double) {
        let (xs, ys) = (points.map(\.x), points.map(\.y))
        var (left, right) = (xs.min() ?? 0, xs.max() ?? 0)
        var (bottom, top) = (ys.min() ?? 0, ys.max() ?? 0)
        let spread = max(right - left, top - bottom)
        if hasAxes, max(left, -right, bottom, -top) <= max(spread, points.count == 1 ? .infinity : 0) {
            (left, right) = (min(left, 0), max(right, 0))
            (bottom, top) = (min(bottom, 0), max(top, 0))
        }
        let side = max(right - left, top - bottom)
        // Equal points: as much room as their numbers are large, so that they can be told from their frame.
        let single = max(abs(left), abs(bottom))
        let width = (side > 0 ? side : single > 0 ? single : 1) * (hasAxes ? 1.25 : 1.06)
        return ((left + right - width) / 2, (bottom + top - width) / 2, width)
    }

    /// The color of a point without a group: gray beside those that have one, else like the first of them.
    var colorOfNone: String { Self.color(ofGroup: groups.isEmpty ? 0 : nil) }

    /// The color of a group. Ten that people with every kind of sight tell apart (Okabe and Ito, and two more), then hues around the circle.
    static func color(ofGroup group: Int?) -> String {
        guard let group else { return "#a0a0a0" }
        let first = [
            "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7a5195", "#8c6d31", "#c7b300",
            "#444444",
        ]
        if group < first.count { return first[group] }
        // Steps of the golden angle never come near an earlier hue soon; lightness takes turns.
        let hue = Double((group - first.count) * 137_508 % 360_000) / 1000
        return hex(hue: hue, saturation: 0.6, lightness: [0.45, 0.62, 0.33][group % 3])
    }

    private static func hex(hue: Double, saturation: Double, lightness: Double) -> String {
        let chroma = (1 - abs(2 * lightness - 1)) * saturation
        let sector = hue / 60
        let second = chroma * (1 - abs(sector.truncatingRemainder(dividingBy: 2) - 1))
        let (r, g, b): (Double, Double, Double) =
            switch sector {
            case ..<1: (chroma, second, 0)
            case ..<2: (second, chroma, 0)
            case ..<3: (0, chroma, second)
            case ..<4: (0, second, chroma)
            case ..<5: (second, 0, chroma)
            default: (chroma, 0, second)
            }
        let digits = [r, g, b].map { part -> String in
            let text = String(Int(((part + lightness - chroma / 2) * 255).rounded()), radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "#" + digits.joined()
    }
}

/// Numbers along an axis: multiples of 1, 2 or 5 times a power of ten, about five of them.
struct AxisTicks {
    let values: [Double]
    private let decimals: Int

    init(from low: Double, to high: Double) {
        var step = 1.0
        var decimals = 0
        let wanted = (high - low) / 5
        guard wanted > 0, wanted.isFinite else {
            values = [low]
            self.decimals = 0
            return
        }
        while step > wanted, step > 0 {
            step /= 10
            decimals += 1
        }
        while step * 10 <= wanted { step *= 10 }
        if step * 5 <= wanted { step *= 5 } else if step * 2 <= wanted { step *= 2 }
        let first = (low / step).rounded(.up)
        var values: [Double] = []
        var number = first
        while number * step <= high, values.count < 50 {
            values.append(number * step)
            number += 1
        }
        self.values = values
        self.decimals = decimals
    }

    /// With as many digits as the steps need; of numbers far from 1 as powers of ten.
    func text(_ value: Double) -> String {
        if decimals <= 6, abs(value) < 1e7 { return fixed(value, decimals) }
        return value == 0 ? "0" : "\(Double(Float(value)))"
    }
}

/// A number with that many digits after the point, for pictures.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard digits <= 15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard abs(value) * scale < 0x1p52 else { return "\(value)" }
    let scaled = Int((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if digits == 0 { return sign + "\(scaled)" }
    let fraction = String(scaled % Int(scale))
    return sign + "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// Text for XML: with no characters that would be markup, and none that a document must not hold.
package func escapedForXML(_ text: String) -> String {
    var result = ""
    // By scalar: a combining mark after a "<" makes another character of it, but not another meaning.
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
