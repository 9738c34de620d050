// SPDX-License-Identifier: Apache-2.0

extension Character {
    /// Columns that a terminal gives the character: 2 for East Asian wide ones and emoji, 0 for control characters.
    fileprivate var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: return 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.generalCategory == .format ? 0 : 1
        }
    }
}

extension String {
    /// Columns that a terminal gives the text.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// The text on one line of at most `width` columns, cut with an ellipsis. Control characters, which could command
    /// the terminal, become spaces.
    func shortened(to width: Int) -> String {
        var line = ""
        for character in self {
            let isControl = character.unicodeScalars.contains { $0.properties.generalCategory == .control }
            line.append(isControl || character.isNewline ? " " : character)
        }
        if line.displayWidth <= width { return line }
        var kept = ""
        var used = 0
        for character in line {
            guard used + character.displayWidth <= width - 1 else { break }
            kept.append(character)
            used += character.displayWidth
        }
        return kept + "…"
    }

    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - displayWidth)) + self }

    func rightPadded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - displayWidth)) }
}
