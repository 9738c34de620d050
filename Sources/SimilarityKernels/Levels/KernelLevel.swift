// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// One set of kernels, made for one instruction set: what the processor must have, a function a kernel, and what follows from
/// them. A level is the one below it with some entries overridden, so a kernel that a level does not have is the next slower
/// one's, and never another's by accident. All levels are in `KernelLevel+Table.swift`.
package struct KernelLevel: Sendable, Hashable, CustomStringConvertible {
    /// What `SIMILE_INSTRUCTION_SET` and `simile info` call it.
    package let name: String
    /// What the processor must have, for a person.
    package let requirement: String
    /// Whether this processor and operating system run it.
    package let isSupported: Bool
    /// Whether a process must be permitted to use it: see `TilePermission`.
    package let needsTiles: Bool
    /// The name of the level that it was made from, which takes its place where it is not permitted; nil of the first.
    package let below: String?
    /// Cores of OpenBLAS that are older than this level, and the one that a person should ask for instead.
    package let olderBLASCores: [String]
    package let remedyBLASCore: String
    package var kernels: KernelTable
    /// The codes that its integer kernels multiply.
    package let codes: CodeProfile
    /// Where they read those of queries.
    package let queries: QueryLayout
    /// What they cost, as far as a plan must know before it measures.
    package let costs: KernelCosts

    /// The level above this one: with what `override` changes.
    package func overridden(
        as name: String,
        requirement: String,
        isSupported: Bool,
        needsTiles: Bool? = nil,
        olderBLASCores: [String] = [],
        remedyBLASCore: String? = nil,
        codes: CodeProfile? = nil,
        queries: QueryLayout? = nil,
        costs: KernelCosts? = nil,
        _ override: (inout KernelTable) -> Void = { _ in }
    ) -> KernelLevel {
        var kernels = kernels
        override(&kernels)
        return KernelLevel(
            name: name,
            requirement: requirement,
            isSupported: isSupported,
            needsTiles: needsTiles ?? self.needsTiles,
            below: self.name,
            olderBLASCores: self.olderBLASCores + olderBLASCores,
            remedyBLASCore: remedyBLASCore ?? self.remedyBLASCore,
            kernels: kernels,
            codes: codes ?? self.codes,
            queries: queries ?? self.queries,
            costs: costs ?? self.costs
        )
    }

    package static func == (a: KernelLevel, b: KernelLevel) -> Bool { a.name == b.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
    package var description: String { name }

    /// The levels that this machine runs, slowest first.
    package static let available = all.filter(\.isSupported)

    /// The level of this process: the fastest, or what `SIMILE_INSTRUCTION_SET` asks for. Chosen once and handed down as a
    /// value, so that no loop asks again.
    ///
    /// The variable is for tests, and changes no result. Asking for what cannot be had ends the process, because a test that
    /// asks for one level and silently gets another proves nothing; a program that wants to say so itself, as the command line
    /// does, calls `named` first.
    package static let current: KernelLevel = {
        do {
            return try named(requested)
        } catch {
            fatalError("\(error)")
        }
    }()

    /// What `SIMILE_INSTRUCTION_SET` holds.
    package static var requested: String? {
        unsafe getenv("SIMILE_INSTRUCTION_SET").map { unsafe String(cString: $0) }
    }

    /// The level of that name; the fastest for nil and an empty name. A level that is asked for by name must be permitted too; the
    /// fastest gives way to the one below it when a job begins (`permitted`).
    package static func named(_ name: String?) throws(UnknownLevel) -> KernelLevel {
        guard let name, !name.isEmpty else { return available[available.count - 1] }
        guard let level = available.first(where: { $0.name == name }), level.isPermitted else {
            throw UnknownLevel(name: name)
        }
        return level
    }

    /// A level that nobody knows, that this machine does not have or that this process may not use.
    package struct UnknownLevel: Error, CustomStringConvertible {
        let name: String

        package var description: String {
            let level = all.first { $0.name == name }
            let reason =
                level.map { $0.isSupported ? $0.refusal ?? "" : "which needs \($0.requirement)" } ?? "which is none"
            let names = available.filter(\.isPermitted).map(\.name).joined(separator: ", ")
            return "SIMILE_INSTRUCTION_SET is '\(name)', \(reason); expected one that this machine has: \(names)"
        }
    }
}
