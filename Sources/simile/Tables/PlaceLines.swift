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
                let id = ids.map { ",\"id\":\(JSONText.of($0[row]))" } ?? ""
                let group = groups[row].map { ",\"group\":\($0)" } ?? ""
                try out("{\"row\":\(number)\(id),\"x\":\(place[0]),\"y\":\(place[1])\(group)}\n")
            }
        }
    }
}
