// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Memory that the process can still take, and what sets the limit.
package struct MemoryBudget: Sendable, Equatable {
    package let byteCount: Int
    /// `machine`, `cgroup v1`, `cgroup v2`, `RLIMIT_AS` or `RLIMIT_DATA`.
    package let source: String

    /// The least of what the machine has available, what the control groups (version 1 and 2, every level) leave, and what the
    /// limits of the process on its address space and its data leave; nil if nobody says.
    package static var current: MemoryBudget? {
        var budgets: [MemoryBudget] = []
        if let available = SystemMemory.available { budgets.append(.init(byteCount: available, source: "machine")) }
        budgets += groups.map { .init(byteCount: $0.bytes, source: $0.version) }
        budgets += [
            limit(__rlimit_resource_t(RLIMIT_AS.rawValue), used: "VmSize:", "RLIMIT_AS"),
            limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), used: "VmData:", "RLIMIT_DATA"),
        ].compactMap { $0 }
        return budgets.min { $0.byteCount < $1.byteCount }
    }

    private static func limit(_ resource: __rlimit_resource_t, used: String, _ name: String) -> MemoryBudget? {
        var value = rlimit()
        guard unsafe getrlimit(resource, &value) == 0, value.rlim_cur < UInt(Int.max) else { return nil }
        let taken = SystemMemory.kibibytes(used, in: "/proc/self/status") ?? 0
        return MemoryBudget(byteCount: max(0, Int(value.rlim_cur) - taken), source: name)
    }

    /// What each control group above the process leaves.
    private static var groups: [(bytes: Int, version: String)] {
        ControlGroups.folders("memory").flatMap { version, path in
            version == .two
                ? left(path, "memory.max", "memory.current").map { ($0, "cgroup v2") }
                : left(path, "memory.limit_in_bytes", "memory.usage_in_bytes").map { ($0, "cgroup v1") }
        }
    }

    private static func left(_ folder: String, _ limit: String, _ usage: String) -> [Int] {
        func number(_ name: String) -> Int? {
            kernelText("\(folder)/\(name)")?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
        // "max", and in version 1 a number near 2^63, mean that there is none.
        guard let limit = number(limit), limit < 1 << 60, let usage = number(usage) else { return [] }
        return [max(0, limit - usage)]
    }
}
