// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import System
internal import VectorFiles

/// A similarity matrix as text: a table for a person, or lines for a program.
struct MatrixReport {
    let set: InputSet
    let matrix: ScoreMatrix
    let metric: Metric

    func print(_ format: OutputFormat) throws {
        let out = BufferedOutput()
        switch format {
        case .table: try out.write(table(width: StandardStream.output.columns ?? 100, style: .ofTerminal))
        case .csv: for row in -1..<matrix.rowCount { try out.write(csv(row)) }
        case .jsonl: for row in 0..<matrix.rowCount { try out.write(json(row) + "\n") }
        case .json:
            let object = JSONWriter.line { object in
                object.field(
                    "matrix",
                    array: { rows in for row in 0..<matrix.rowCount { rows.value(values(row)) } }
                )
                object.field("labels", (0..<matrix.rowCount).map { set.label($0) })
                object.field("metric", metric.rawValue)
            }
            try out.write(object)
        }
        try out.flush()
    }

    /// One row as a JSON object.
    func json(_ row: Int) -> String {
        JSONWriter.objectText { line in
            line.field("row", set.number(row))
            line.field("id", ifAny: set.vectors.ids?[row])
            line.field("text", ifAny: set.texts?[row])
            line.field("\(metric.scoreName)s", values(row))
        }
    }

    /// One row as comma-separated values; row -1 is the header.
    func csv(_ row: Int) -> String {
        let cells =
            row < 0
            ? (0..<matrix.columnCount).map { String(set.number($0)) }
            : (0..<matrix.columnCount).map { "\(matrix[row, $0])" }
        return ([row < 0 ? "row" : String(set.number(row))] + cells).joined(separator: ",") + "\n"
    }

    private func values(_ row: Int) -> [Float] { (0..<matrix.columnCount).map { matrix[row, $0] } }

    /// A table that fits the width: a numbered label a row, a column a number, values shaded by their share.
    func table(width: Int, style: TextStyle) -> String {
        guard matrix.rowCount > 0 else { return "no rows\n" }
        let scale = ValueScale(matrix, metric)
        let digits = String(matrix.rowCount).count
        let cells = (0..<matrix.rowCount).map { row in
            (0..<matrix.columnCount).map { Quantity.fixed(Double(matrix[row, $0]), 3) }
        }
        let cellWidth = max(cells.joined().map(\.count).max() ?? 0, digits) + 2
        let labels = (0..<matrix.rowCount).map { set.label($0) }
        let longest = labels.map(\.displayWidth).max() ?? 0
        // Labels get what the columns leave, but enough to be read; columns that do not fit are left out.
        let labelWidth = min(longest, max(16, width - digits - 2 - matrix.columnCount * cellWidth), 48)
        let columns = max(1, min(matrix.columnCount, (width - labelWidth - digits - 2) / cellWidth))

        var text = String(repeating: " ", count: digits + 2 + labelWidth)
        for column in 0..<columns {
            text += style.dim(String(set.number(column) + 1).leftPadded(to: cellWidth - 1)) + " "
        }
        text += "\n"
        for row in 0..<matrix.rowCount {
            text += style.dim(String(set.number(row) + 1).leftPadded(to: digits)) + "  "
            text += labels[row].shortened(to: labelWidth).rightPadded(to: labelWidth)
            for column in 0..<columns {
                let cell = cells[row][column].leftPadded(to: cellWidth - 1) + " "
                text += style.shaded(cell, scale.color(scale.share(matrix[row, column])))
            }
            text += "\n"
        }
        let missing = matrix.columnCount - columns
        if missing > 0 { text += style.dim("\(missing) more columns: --format csv, or --output x.svg") + "\n" }
        return text
    }
}

/// Maps the values of a matrix to shares of a color scale: more similar is lighter. Where there are negative scores zero is in the
/// middle of the scale, which then goes from blue over white to red.
struct ValueScale {
    /// Whether zero is in the middle.
    let isDiverging: Bool
    private let low: Double
    private let high: Double
    private let isReversed: Bool

    init(_ matrix: ScoreMatrix, _ metric: Metric) {
        isReversed = metric == .euclidean
        let smallest = Double(matrix.values.min() ?? 0)
        let largest = Double(matrix.values.max() ?? 1)
        isDiverging = !isReversed && smallest < 0
        if metric == .cosine {
            // A fixed scale: the same color means the same cosine in every picture.
            (low, high) = (isDiverging ? -1 : 0, 1)
        } else if isDiverging {
            let reach = max(-smallest, largest)
            (low, high) = (-reach, reach)
        } else {
            (low, high) = (smallest, largest)
        }
    }

    /// From 0 to 1.
    func share(_ value: Float) -> Double {
        let share = high > low ? min(max((Double(value) - low) / (high - low), 0), 1) : 1
        return isReversed ? 1 - share : share
    }

    /// The color of a share.
    func color(_ share: Double) -> ColorScale.Color {
        isDiverging ? ColorScale.diverging(share) : ColorScale.color(share)
    }

    /// The values at the light and the dark end of the scale.
    var ends: (top: Double, bottom: Double) { isReversed ? (low, high) : (high, low) }
}
