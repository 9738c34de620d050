// SPDX-License-Identifier: Apache-2.0

extension Float {
    /// The least `Float` that is not below `value`.
    @inline(__always)
    package init(roundingUp value: Double) {
        let rounded = Float(value)
        self = Double(rounded) < value ? rounded.nextUp : rounded
    }

    /// The greatest `Float` that is not above `value`.
    @inline(__always)
    package init(roundingDown value: Double) {
        let rounded = Float(value)
        self = Double(rounded) > value ? rounded.nextDown : rounded
    }
}
