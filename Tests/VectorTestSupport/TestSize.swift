// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How much a test tries: little in continuous integration, much with `scripts/test --long`.
package enum TestSize {
    /// Whether SIMILE_LONG_TESTS is set.
    package static let isLong = ProcessInfo.processInfo.environment["SIMILE_LONG_TESTS"] != nil

    package static func rounds(_ count: Int, long: Int) -> Int { isLong ? long : count }
}
