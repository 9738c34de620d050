// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether nothing in it can be seen: it is empty, or all of it is white space, control and format characters (a zero-width
    /// space, a soft hyphen, a byte order mark) and others that Unicode says are to be ignored in display. No model can make
    /// anything of such a text.
    package var isBlank: Bool {
        unicodeScalars.allSatisfy { scalar in
            let properties = scalar.properties
            if properties.isWhitespace || properties.isDefaultIgnorableCodePoint { return true }
            switch properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator: return true
            default: return false
            }
        }
    }
}
