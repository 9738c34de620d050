// SPDX-License-Identifier: Apache-2.0

/// The first stage of `CodeBound` for a block of queries, as numbers that products of codes are compared with: below
/// `slope * offset + tailSlope * tail + base` a pair is dropped, and at or above the same with `likely` for `base` and
/// `likelyTailSlope` it probably matters.
///
/// They are made anew for every block of rows, so what a query brings is divided by its scale once, and four queries are
/// done at a time. In `Double`, but for the results: of these each is lowered by `8u` of itself, for its own rounding and that of
/// the kernel.
struct CodeLimits {
    private(set) var slopes: [Float] = []
    private(set) var tailSlopes: [Float] = []
    private(set) var bases: [Float] = []
    private(set) var likely: [Float] = []
    private(set) var likelyTailSlopes: [Float] = []
    /// Where rows have floors too: what a row's floor is multiplied with, and what is added.
    private(set) var floorSlopes: [Float] = []
    private(set) var floorBases: [Float] = []

    private let bound: CodeBound
    private let cutsMove: Bool
    // Of each query: what is meant, over its scale.
    private var inverseScales: [Double] = []
    private var codedNorms: [Double] = []
    private var residuals: [Double] = []
    private var norms: [Double] = []
    private var tailNorms: [Double] = []
    private var floors: [Double] = []
    private var likelyFloors: [Double] = []
    /// The floor over the length of the query.
    private var shares: [Double] = []
    private var inverseNorms: [Double] = []
    /// `o_q`, which a row's floor is raised by; empty if rows have no floors.
    private var offsets: [Double] = []

    init(_ bound: CodeBound, cutsMove: Bool) {
        self.bound = bound
        self.cutsMove = cutsMove
    }

    /// Begins a block of queries, of which no pair survives before they have a floor.
    ///
    /// - Parameter rowOffsets: Of each query what its offset is as a row, where rows have floors as well; else empty.
    mutating func begin(_ terms: [CodeQueryTerms], rowOffsets: [Float] = []) {
        let padded = (terms.count + 3) / 4 * 4
        func column(_ value: (CodeQueryTerms) -> Double) -> [Double] {
            terms.map(value) + Array(repeating: 0, count: padded - terms.count)
        }
        inverseScales = column { 1 / $0.scale }
        codedNorms = column { $0.codedNorm / $0.scale }
        residuals = column { $0.residual / $0.scale }
        norms = column { bound.normSlack * $0.norm / $0.scale }
        tailNorms = column { bound.tail == .none ? 0 : $0.tailNorm / $0.scale }
        inverseNorms = column { $0.norm > 0 ? 1 / $0.norm : 0 }
        floors = Array(repeating: .infinity, count: padded)
        likelyFloors = floors
        shares = Array(repeating: 0, count: padded)
        slopes = Array(repeating: 0, count: padded)
        tailSlopes = slopes
        likelyTailSlopes = slopes
        bases = Array(repeating: .infinity, count: padded)
        likely = bases
        offsets =
            rowOffsets.isEmpty ? [] : rowOffsets.map(Double.init) + Array(repeating: 0, count: padded - terms.count)
        if !rowOffsets.isEmpty { offsets = zip(offsets, inverseScales).map { $0 * $1 } }
        floorSlopes = Array(repeating: 0, count: offsets.count)
        floorBases = floorSlopes
    }

    mutating func setFloor(_ query: Int, _ floor: CodeBound.Floor) {
        floors[query] = (floor.value - floor.magnitude * CodeBound.rounding) * inverseScales[query]
        likelyFloors[query] = floor.value * inverseScales[query]
        shares[query] = floor.value * inverseNorms[query]
    }

    /// Leaves a query out until limits are made again.
    mutating func leaveOut(_ query: Int) { bases[query] = .infinity }

    /// Makes the limits of all queries.
    mutating func make(for block: CodeBlockTerms) {
        for i in stride(from: 0, to: floors.count, by: 4) { make(i, of: SIMD4(i, i &+ 1, i &+ 2, i &+ 3), block) }
    }

    /// Makes the limits of some queries, in their order.
    mutating func make(for block: CodeBlockTerms, of chosen: [UInt16]) {
        for i in stride(from: 0, to: chosen.count, by: 4) {
            var queries = SIMD4<Int>(repeating: Int(chosen[i]))
            for j in 1..<min(4, max(chosen.count - i, 1)) { queries[j] = Int(chosen[i + j]) }
            make(i, of: queries, block)
            // What fills up the last quad takes no part.
            for j in min(4, chosen.count - i)..<4 { leaveOut(i + j) }
        }
    }

    @inline(__always)
    private mutating func make(_ first: Int, of queries: SIMD4<Int>, _ block: CodeBlockTerms) {
        @inline(__always) func four(_ values: [Double]) -> SIMD4<Double> {
            SIMD4(values[queries[0]], values[queries[1]], values[queries[2]], values[queries[3]])
        }
        let inverseScale = 1 / block.scale
        let inverseNorm = block.norm > 0 ? 1 / block.norm : 0
        let floor = four(floors)
        let codes = four(codedNorms) * block.residual + four(residuals) * block.prefixNorm
        let slack = codes + four(norms) * block.norm
        let value = (floor - slack * (1 + CodeBound.rounding)) * inverseScale
        var base = value * (1 - 0x1p-21)
        base.replace(with: value * (1 + 0x1p-21), where: value .< 0)
        base -= 0x1p-100
        base.replace(with: 1e30, where: base .> 1e30)
        base.replace(with: .infinity, where: floor .== .infinity)
        // Numbers too small for `Float` are moved to the safe side.
        var tailSlope = SIMD4<Double>.zero
        if bound.tail != .none {
            tailSlope = four(tailNorms) * (-(1 + 0x1p-21) * inverseScale)
            tailSlope.replace(with: -0x1p-100, where: tailSlope .> -0x1p-100)
        }
        var slope = SIMD4<Double>.zero
        if bound.hasOffsets {
            slope = four(inverseScales) * ((1 - 0x1p-21) * inverseScale)
            slope.replace(with: 0, where: slope .< 0x1p-100)
        }
        // Terms as large as these prove nothing. Nor may a product with a row's tail or offset leave the range of `Float`:
        // infinities of both signs would meet, and the fused kernel would make of them what the plain one does not.
        var isSound = base .> -1e30 .& tailSlope .> -1e30
        isSound .&= slope .< 1e30
        isSound .&= tailSlope * block.tailNorm .> -1e37
        isSound .&= slope * (block.norm * block.norm) .< 1e37
        if !offsets.isEmpty { makeFloorTerms(first, four(offsets), slack, four(inverseScales), inverseScale, isSound) }
        base.replace(with: -.infinity, where: .!isSound)
        slope.replace(with: 0, where: .!isSound)
        tailSlope.replace(with: 0, where: .!isSound)
        // Rows as near as the cut are likely so in their tails too. A guess: it only decides what is looked at first.
        var share = four(shares) * inverseNorm
        share.replace(with: 0, where: .!(share .> 0))
        share.replace(with: 1, where: share .> 1)
        var likelyBase = four(likelyFloors) * inverseScale
        likelyBase.replace(with: 1e30, where: likelyBase .> 1e30)
        likelyBase.replace(with: -1e30, where: .!(likelyBase .> -1e30))
        if !cutsMove { likelyBase = SIMD4(repeating: -1e30) }
        let likelyTailSlope = tailSlope * share
        for j in 0..<4 {
            bases[first &+ j] = Float(base[j])
            slopes[first &+ j] = Float(slope[j])
            tailSlopes[first &+ j] = Float(tailSlope[j])
            likely[first &+ j] = Float(likelyBase[j])
            likelyTailSlopes[first &+ j] = Float(likelyTailSlope[j])
        }
    }

    /// What the floors of rows are multiplied with and added to: `(L_x + o_q - slack) / (s_q s_x)` without the tail, lowered as the
    /// bases are. The rounding of a product with a row's floor is in that floor: see ``rowLimit(_:)``.
    @inline(__always)
    private mutating func makeFloorTerms(
        _ first: Int,
        _ offset: SIMD4<Double>,
        _ slack: SIMD4<Double>,
        _ inverseScales: SIMD4<Double>,
        _ inverseScale: Double,
        _ isSound: SIMDMask<SIMD4<Int64>>
    ) {
        var slope = inverseScales * inverseScale
        let (raised, lowered) = (offset * inverseScale, slack * ((1 + CodeBound.rounding) * inverseScale))
        var base = raised - lowered - (raised + lowered) * 0x1p-21 - 0x1p-100
        base.replace(with: 1e30, where: base .> 1e30)
        // With a slope in this range no product with the floor of a row, at most 1e18, leaves the range of `Float`.
        var isSound = isSound .& (slope .> 1e-18) .& (slope .< 1e18)
        isSound .&= base .> -1e30
        base.replace(with: -.infinity, where: .!isSound)
        slope.replace(with: 0, where: .!isSound)
        for j in 0..<4 {
            floorSlopes[first &+ j] = Float(slope[j])
            floorBases[first &+ j] = Float(base[j])
        }
    }

    /// The floor of a row as the kernels take it: lowered by more than the rounding of the floor, of the slope and of their product, which
    /// are at most `6u` of it, and in the range that keeps the product finite. Minus infinity lets everything through.
    static func rowLimit(_ floor: CodeBound.Floor) -> Float {
        let value = floor.value - floor.magnitude * CodeBound.rounding
        guard value > -1e18 else { return -.infinity }
        let capped = min(value, 1e18)
        return Float(roundingDown: capped - abs(capped) * 0x1p-20 - 1e-36)
    }
}
