// SPDX-License-Identifier: Apache-2.0

/// What the steps of an operation cost at one level, in nanoseconds of one worker of the machine that they were measured on. A
/// plan takes their ratios from here and their size from a measurement on the machine at hand (see `KernelSpeed`).
package struct KernelCosts: Sendable, Equatable {
    /// One multiply-add of the float tile.
    package let multiply: Double
    /// One multiply-add of codes, and what a pair costs besides.
    package let code: Double
    package let pair: Double
    /// What a pair costs more where the bound has terms of the row.
    package let rowTerms: Double
    /// One survivor of the first stage, put off and looked at again.
    package let survivor: Double
    /// A verdict on a row that lies anywhere, and what a dimension adds to it.
    package let verdict: Double
    package let verdictComponent: Double
    /// What a query for nearest rows costs in scouting and verdicts, per dimension.
    package let query: Double
    /// One component of a row that is coded, beside its rotation.
    package let component: Double

    static let reference = KernelCosts(
        multiply: 1,
        code: 1,
        pair: 1,
        rowTerms: 0,
        survivor: 20,
        verdict: 60,
        verdictComponent: 1,
        query: 300,
        component: 12
    )
    static let baseline = KernelCosts(
        multiply: 0.06,
        code: 0.05,
        pair: 0.5,
        rowTerms: 0,
        survivor: 14,
        verdict: 40,
        verdictComponent: 0.3,
        query: 120,
        component: 5
    )
    /// Measured on two cores of Zen 3.
    static let avx2 = KernelCosts(
        multiply: 2 / 75.0,
        code: 2 / 240.0,
        pair: 0.15,
        rowTerms: 0,
        survivor: 14,
        verdict: 40,
        verdictComponent: 0.1,
        query: 80,
        component: 4
    )
    /// Measured on two cores of Emerald Rapids.
    static let amx = KernelCosts(
        multiply: 2 / 140.0,
        code: 2 / 2700.0,
        pair: 0.03,
        rowTerms: 0.09,
        survivor: 12,
        verdict: 40,
        verdictComponent: 0.1,
        query: 60,
        component: 4
    )
    /// Measured on two cores of Zen 4.
    static let avx512 = KernelCosts(
        multiply: 2 / 105.0,
        code: 2 / 350.0,
        pair: 0.06,
        rowTerms: 0.04,
        survivor: 12,
        verdict: 40,
        verdictComponent: 0.1,
        query: 60,
        component: 4
    )
}
