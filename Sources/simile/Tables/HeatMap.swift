// SPDX-License-Identifier: Apache-2.0

internal import Charts
internal import FoundationEssentials
internal import Similarity

/// A similarity matrix as a picture: a square a value, labels at the left, numbers at the top, a color bar at the right.
///
/// While there are few rows each square is a rectangle with its number; else all of them are one bitmap, a byte and a third a
/// square.
struct HeatMap {
    /// More rows than this are not a picture that anybody can read.
    static let rowLimit = 2000

    private let report: MatrixReport
    private let count: Int
    private let scale: ValueScale

    init(_ report: MatrixReport) {
        self.report = report
        count = report.matrix.rowCount
        scale = ValueScale(report.matrix, report.metric)
    }

    /// Pixels of a square: large enough for its number while there are few, then as small as the picture demands.
    private var side: Int { count <= 24 ? 52 : max(1, 1200 / max(count, 1)) }
    private var showsNumbers: Bool { count <= 24 }
    private var showsLabels: Bool { side >= 9 }
    private let top = 34
    private let margin = 16

    /// The picture as an SVG document.
    var svg: String {
        let labels = (0..<count).map { report.set.label($0).shortened(to: 40) }
        let left = margin + (showsLabels ? 34 + 7 * (labels.map(\.displayWidth).max() ?? 0) : 0)
        let size = side * count
        let width = left + size + 96
        let height = top + max(size, 160) + margin
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">
            <title>\(report.metric) of \(count) rows</title>
            <rect width="100%" height="100%" fill="#ffffff"/>

            """
        text += showsNumbers ? squares(left: left) : bitmap(left: left)
        if showsLabels { text += axes(labels, left: left) }
        text += colorBar(x: left + size + 24, height: max(size, 160))
        return text + "</svg>\n"
    }

    /// One picture in the picture, of a pixel a square.
    private func bitmap(left: Int) -> String {
        let palette = (0..<256).map { scale.color(Double($0) / 255) }
        let picture = IndexedPNG(
            width: count,
            height: count,
            palette: palette.flatMap { [UInt8($0.red), UInt8($0.green), UInt8($0.blue)] },
            pixels: report.matrix.values.map { UInt8((scale.share($0) * 255).rounded()) }
        )
        let data = Data(picture.bytes).base64EncodedString()
        let size = side * count
        return "<image x=\"\(left)\" y=\"\(top)\" width=\"\(size)\" height=\"\(size)\" preserveAspectRatio=\"none\" "
            + "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,\(data)\"/>\n"
    }

    private func squares(left: Int) -> String {
        var text = "<g shape-rendering=\"crispEdges\" text-anchor=\"middle\">\n"
        for row in 0..<count {
            for column in 0..<count {
                let value = report.matrix[row, column]
                let color = scale.color(scale.share(value))
                let (x, y) = (left + column * side, top + row * side)
                text += "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(side)\" height=\"\(side)\" fill=\"\(color.hex)\"/>\n"
                guard showsNumbers else { continue }
                text +=
                    "<text x=\"\(x + side / 2)\" y=\"\(y + side / 2 + 4)\" fill=\"\(color.isLight ? "#000000" : "#ffffff")\">"
                    + "\(Quantity.fixed(Double(value), 3))</text>\n"
            }
        }
        return text + "</g>\n"
    }

    private func axes(_ labels: [String], left: Int) -> String {
        let fontSize = min(12, side - 1)
        var text = "<g font-size=\"\(fontSize)\" fill=\"#222222\">\n"
        for row in 0..<count {
            let y = top + row * side + side / 2 + fontSize / 3
            text += "<text x=\"\(left - 8)\" y=\"\(y)\" text-anchor=\"end\">\(escapedForXML(labels[row])) "
            text += "<tspan fill=\"#888888\">\(report.set.number(row) + 1)</tspan></text>\n"
            let x = left + row * side + side / 2
            text +=
                "<text x=\"\(x)\" y=\"\(top - 8)\" text-anchor=\"middle\" fill=\"#888888\">\(report.set.number(row) + 1)</text>\n"
        }
        return text + "</g>\n"
    }

    private func colorBar(x: Int, height: Int) -> String {
        let ends = scale.ends
        let steps = 64
        var text = "<g shape-rendering=\"crispEdges\">\n"
        for step in 0..<steps {
            let share = 1 - (Double(step) + 0.5) / Double(steps)
            let y = top + step * height / steps
            let next = top + (step + 1) * height / steps
            text +=
                "<rect x=\"\(x)\" y=\"\(y)\" width=\"14\" height=\"\(next - y)\" fill=\"\(scale.color(share).hex)\"/>\n"
        }
        text += "</g>\n<g fill=\"#222222\">\n"
        text += "<text x=\"\(x + 20)\" y=\"\(top + 10)\">\(Quantity.fixed(ends.top, 2))</text>\n"
        if scale.isDiverging { text += "<text x=\"\(x + 20)\" y=\"\(top + height / 2 + 4)\">0.00</text>\n" }
        text += "<text x=\"\(x + 20)\" y=\"\(top + height)\">\(Quantity.fixed(ends.bottom, 2))</text>\n"
        return text + "</g>\n"
    }
}
