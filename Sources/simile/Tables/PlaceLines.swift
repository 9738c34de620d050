// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import StrictJSON
internal import VectorFiles

/// Places in the plane as lines: `{"row":0,"id":"a","x":1.5,"y":-2.25,"group":3}`, or the same as columns.
struct PlaceLines {
    let set: InputSet
    let places: VectorMatrix
    let groups: [Int?]

    func write(_ format: FileFormat, _ out: (String) throws -> Void) throws {
        let ids = set.vectors.ids
        if format == .csv { try out("row,x,y,group" + (ids == nil ? "" : ",id") + "\n") }
        for row in 0..<places.rowCount {
            let (number, place) = (set.number(row), places[row])
            if format == .csv {
                let group = groups[row].map { "\($0)" } ?? ""
                try out(
                    "\(number),\(place[0]),\(place[1]),\(group)" + (ids.map { "," + CSVText.of($0[row]) } ?? "") + "\n"
                )
            } else {
                try out(
                    JSONWriter.objectText { line in
                        line.field("row", number)
                        line.field("id", ifAny: ids?[row])
                        line.field("x", place[0])
                        line.field("y", place[1])
                        line.field("group", ifAny: groups[row])
                    } + "\n"
                )
            }
        }
    }
}
