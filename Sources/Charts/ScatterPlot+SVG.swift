// SPDX-License-Identifier: Apache-2.0

extension ScatterPlot {
    private static let side = 880.0
    private static let margin = 40.0
    /// More points than this have no text of their own: they would lie on each other, and the file would be all text.
    private static let labelLimit = 60
    private static let titleLimit = 5000
    /// Characters of a label that are told of a point.
    static let textLimit = 200
    private static let legendLimit = 30

    /// The picture as a document of SVG, a piece at a time.
    package func writeSVG(_ out: (String) throws -> Void) rethrows {
        let named = groups.isEmpty ? [] : Array(groups.prefix(Self.legendLimit))
        let legend = named.isEmpty ? labelRoom : 300.0
        let (width, height) = (Self.side + 2 * Self.margin + legend, Self.side + 2 * Self.margin + 10)
        try out(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(fixed(width, 0))" height="\(fixed(height, 0))" \
            viewBox="0 0 \(fixed(width, 0)) \(fixed(height, 0))" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">
            <title>\(escapedForXML(title))</title>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="\(fixed(Self.margin, 0))" y="26" font-size="15" fill="#222222">\(escapedForXML(title))</text>

            """
        )
        if hasAxes { try out(axes) }
        let radius = points.count <= 60 ? 5.0 : points.count <= 2000 ? 3.0 : points.count <= 20_000 ? 1.6 : 1.1
        try out("<g class=\"points\" fill-opacity=\"\(points.count > 2000 ? "0.6" : "0.85")\">\n")
        for point in points {
            let (x, y) = place(point.x, point.y)
            let start =
                "<circle cx=\"\(fixed(x, 1))\" cy=\"\(fixed(y, 1))\" r=\"\(fixed(radius, 1))\" fill=\"\(point.group.map { Self.color(ofGroup: $0) } ?? colorOfNone)\""
            try out(
                points.count <= Self.titleLimit
                    ? start + "><title>\(escapedForXML(String(point.label.prefix(Self.textLimit))))</title></circle>\n"
                    : start + "/>\n"
            )
        }
        try out("</g>\n")
        if points.count <= Self.labelLimit { try out(labels) }
        try out(self.legend(named))
        try out("</svg>\n")
    }

    /// Room at the right for texts that begin there.
    private var labelRoom: Double { points.count <= Self.labelLimit ? 200 : 0 }

    private func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        let frame = frame
        return (
            Self.margin + (x - frame.x) / frame.side * Self.side,
            Self.margin + (1 - (y - frame.y) / frame.side) * Self.side
        )
    }

    private var axes: String {
        let frame = frame
        let ends = (low: Self.margin, high: Self.margin + Self.side)
        // Where the origin is outside, the axes are at the edges.
        let zero = place(0, 0)
        let origin = (x: min(max(zero.x, ends.low), ends.high), y: min(max(zero.y, ends.low), ends.high))
        var text = "<g stroke=\"#bbbbbb\" fill=\"#777777\" font-size=\"11\">\n"
        text +=
            "<line x1=\"\(fixed(ends.low, 1))\" y1=\"\(fixed(origin.y, 1))\" x2=\"\(fixed(ends.high, 1))\" y2=\"\(fixed(origin.y, 1))\"/>\n"
        text +=
            "<line x1=\"\(fixed(origin.x, 1))\" y1=\"\(fixed(ends.low, 1))\" x2=\"\(fixed(origin.x, 1))\" y2=\"\(fixed(ends.high, 1))\"/>\n"
        let (xs, ys) = (
            AxisTicks(from: frame.x, to: frame.x + frame.side), AxisTicks(from: frame.y, to: frame.y + frame.side)
        )
        for value in xs.values {
            let x = place(value, 0).x
            text +=
                "<line x1=\"\(fixed(x, 1))\" y1=\"\(fixed(origin.y - 3, 1))\" x2=\"\(fixed(x, 1))\" y2=\"\(fixed(origin.y + 3, 1))\"/>\n"
            text +=
                "<text stroke=\"none\" x=\"\(fixed(x, 1))\" y=\"\(fixed(origin.y + 17, 1))\" text-anchor=\"middle\">\(xs.text(value))</text>\n"
        }
        for value in ys.values where value != 0 {
            let y = place(0, value).y
            text +=
                "<line x1=\"\(fixed(origin.x - 3, 1))\" y1=\"\(fixed(y, 1))\" x2=\"\(fixed(origin.x + 3, 1))\" y2=\"\(fixed(y, 1))\"/>\n"
            text +=
                "<text stroke=\"none\" x=\"\(fixed(origin.x - 7, 1))\" y=\"\(fixed(y + 4, 1))\" text-anchor=\"end\">\(ys.text(value))</text>\n"
        }
        return text + "</g>\n"
    }

    /// Texts beside their points, moved down, or up, where they would lie on one that is there already; all of them inside the picture.
    private var labels: String {
        let right = Self.side + 2 * Self.margin + (groups.isEmpty ? labelRoom : 0) - 10
        let bottom = Self.side + 2 * Self.margin
        var taken: [(x: Double, y: Double, width: Double)] = []
        var text = "<g class=\"labels\" fill=\"#222222\">\n"
        for point in points {
            var label = point.label.count > 48 ? String(point.label.prefix(47)) + "…" : point.label
            let at = place(point.x, point.y)
            // To the left where there is no room to the right, and shorter where there is none on either side.
            let isRight = at.x + 9 + Self.width(of: label) > right && at.x - 9 > right - at.x
            let room = isRight ? at.x - 19 : right - at.x - 9
            while Self.width(of: label) > room, label.count > 2 { label = String(label.dropLast(2)) + "…" }
            let width = Self.width(of: label)
            let x = isRight ? at.x - 9 - width : at.x + 9
            var y = at.y + 4
            let isTaken = { (y: Double) in
                taken.contains { abs($0.y - y) < 14 && x < $0.x + $0.width && $0.x < x + width }
            }
            while isTaken(y), y < bottom { y += 14 }
            if y >= bottom {
                y = at.y + 4
                while isTaken(y), y > 40 { y -= 14 }
            }
            taken.append((x, y, width))
            text +=
                "<text x=\"\(fixed(isRight ? x + width : x, 1))\" y=\"\(fixed(y, 1))\"\(isRight ? " text-anchor=\"end\"" : "")>"
            text += escapedForXML(label) + "</text>\n"
        }
        return text + "</g>\n"
    }

    /// Pixels that a text takes, rather too many: those of the widest common letters, and twice that from the scripts of East Asia on.
    private static func width(of text: String) -> Double {
        text.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x1100 ? 13 : 7.2) }
    }

    private func legend(_ named: [String]) -> String {
        if named.isEmpty { return "" }
        let x = Self.side + 2 * Self.margin
        var text = "<g class=\"legend\" fill=\"#222222\">\n"
        for (i, name) in named.enumerated() {
            let y = Self.margin + 20 * Double(i) + 10
            let shown = name.count > 38 ? String(name.prefix(37)) + "…" : name
            text +=
                "<rect x=\"\(fixed(x, 0))\" y=\"\(fixed(y - 9, 0))\" width=\"11\" height=\"11\" fill=\"\(Self.color(ofGroup: i))\"/>"
            text += "<text x=\"\(fixed(x + 18, 0))\" y=\"\(fixed(y + 1, 0))\">\(escapedForXML(shown))</text>\n"
        }
        if groups.count > named.count {
            let y = Self.margin + 20 * Double(named.count) + 10
            text +=
                "<text x=\"\(fixed(x + 18, 0))\" y=\"\(fixed(y, 0))\" fill=\"#777777\">and \(groups.count - named.count) more</text>\n"
        }
        return text + "</g>\n"
    }
}
