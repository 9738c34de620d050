// SPDX-License-Identifier: Apache-2.0

extension Transformer {
    /// hidden[t] <- (words[ids[t]] + types[0]) + positions[p], p counted from the beginning of each text.
    ///
    /// Shapes: `ids` T; `starts` one more than there are texts, from 0 to T; `hidden` at least T x width, of which T x
    /// width are written.
    /// - Precondition: every id is a row of `words`, no text is longer than `positions` has rows.
    /// - Complexity: 2 * T * width additions.
    package static func embed(
        ids: [Int32],
        starts: [Int],
        words: Weights,
        positions: Weights,
        types: Weights,
        width: Int,
        into hidden: inout [Float]
    ) {
        defer { withExtendedLifetime((words, positions, types)) {} }
        precondition(hidden.count >= ids.count * width && starts.last == ids.count && types.count >= width)
        unsafe hidden.withUnsafeMutableBufferPointer { hidden in
            guard let hidden = hidden.baseAddress else { return }
            let (wordStart, placeStart, type) = unsafe (words.start, positions.start, types.start)
            for text in 0..<starts.count - 1 {
                for t in starts[text]..<starts[text + 1] {
                    let (id, position) = (Int(ids[t]), t - starts[text])
                    precondition(
                        id >= 0 && (id + 1) * width <= words.count && (position + 1) * width <= positions.count
                    )
                    let word = unsafe wordStart + id * width
                    let place = unsafe placeStart + position * width
                    let row = unsafe hidden + t * width
                    for i in 0..<width { unsafe row[i] = (word[i] + type[i]) + place[i] }
                }
            }
        }
    }
}
