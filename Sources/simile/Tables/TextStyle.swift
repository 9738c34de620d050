// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import System

/// How text looks on a terminal; plain where there is none or the person wants no color.
struct TextStyle {
    let hasColor: Bool

    /// The style of standard output.
    static var ofTerminal: TextStyle {
        TextStyle(hasColor: StandardStream.output.isTerminal && Environment.allowsColor)
    }

    func bold(_ text: String) -> String { hasColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    func dim(_ text: String) -> String { hasColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

    /// A score as a person reads it, in seven columns; a cosine is shaded.
    func cell(_ score: Float, _ metric: Metric) -> String {
        let number = Quantity.fixed(Double(score), 4).leftPadded(to: 7)
        return metric == .cosine ? shaded(number, ColorScale.color(Double(score))) : number
    }

    /// Text on a colored background, in letters that stay readable.
    func shaded(_ text: String, _ color: ColorScale.Color) -> String {
        guard hasColor else { return text }
        let ink = color.isLight ? "38;5;16" : "38;5;231"
        return "\u{1B}[\(ink);48;2;\(color.red);\(color.green);\(color.blue)m\(text)\u{1B}[0m"
    }
}

/// The color scale of heat maps, on terminals and in pictures: dark violet over red to light yellow, in even steps of
/// lightness, so that it also reads in gray. Nine support points of matplotlib's "magma" map (CC0).
enum ColorScale {
    struct Color {
        let red: Int
        let green: Int
        let blue: Int
        /// Whether dark letters read better on it.
        var isLight: Bool { 299 * red + 587 * green + 114 * blue > 140_000 }
        var hex: String {
            "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    private static let points: [(Int, Int, Int)] = [
        (0, 0, 4), (28, 16, 68), (79, 18, 123), (129, 37, 129), (181, 54, 122), (229, 80, 100), (251, 135, 97),
        (254, 194, 135), (252, 253, 191),
    ]

    /// Blue over white to red, for values on both sides of zero: nine support points of ColorBrewer's "RdBu" (C. Brewer, Apache-2.0).
    private static let divergingPoints: [(Int, Int, Int)] = [
        (33, 102, 172), (67, 147, 195), (146, 197, 222), (209, 229, 240), (247, 247, 247), (253, 219, 199),
        (244, 165, 130),
        (214, 96, 77), (178, 24, 43),
    ]

    /// The color of a share; below 0 and above 1 it stays at the ends.
    static func color(_ share: Double) -> Color { color(share, points) }

    /// The same on the scale with zero, a share of one half, in its middle.
    static func diverging(_ share: Double) -> Color { color(share, divergingPoints) }

    private static func color(_ share: Double, _ points: [(Int, Int, Int)]) -> Color {
        let place = min(max(share.isNaN ? 0 : share, 0), 1) * Double(points.count - 1)
        let low = min(Int(place), points.count - 2)
        let part = place - Double(low)
        func mix(_ a: Int, _ b: Int) -> Int { Int((Double(a) + part * Double(b - a)).rounded()) }
        let (a, b) = (points[low], points[low + 1])
        return Color(red: mix(a.0, b.0), green: mix(a.1, b.1), blue: mix(a.2, b.2))
    }
}
