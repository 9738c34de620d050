// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How many processors the process may use, as the scheduler sees it.
package enum ProcessorCount {
    /// Processors in the affinity mask of the process, at least one.
    ///
    /// Read from the kernel's text form (`Cpus_allowed: f,ffffffff`): the C call is hidden behind a feature macro.
    package static var affinity: Int {
        for line in kernelText("/proc/self/status")?.split(separator: "\n") ?? [] where line.hasPrefix("Cpus_allowed:")
        {
            let bits = line.dropFirst("Cpus_allowed:".count).reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
            if bits > 0 { return bits }
        }
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Processors that the control group's CPU quota allows (rounded up), or nil where there is no quota.
    ///
    /// Reads version 2 (`cpu.max`, every level from the process's group up to the root) and version 1
    /// (`cpu.cfs_quota_us`).
    package static var groupQuota: Int? {
        ControlGroups.folders("cpu").flatMap { version, path in
            version == .two ? quota(ofVersion2: "\(path)/cpu.max") : quota(ofVersion1: path)
        }.min()
    }

    private static func quota(ofVersion2 path: String) -> [Int] {
        let fields = kernelText(path)?.split(whereSeparator: \.isWhitespace) ?? []
        guard fields.count == 2, let quota = Int(fields[0]), let period = Int(fields[1]) else { return [] }
        return processors(quota: quota, period: period)
    }

    private static func quota(ofVersion1 folder: String) -> [Int] {
        func number(_ name: String) -> Int? {
            kernelText("\(folder)/\(name)").flatMap { $0.split(whereSeparator: \.isWhitespace).first }.flatMap {
                Int($0)
            }
        }
        guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us") else { return [] }
        return processors(quota: quota, period: period)
    }

    private static func processors(quota: Int, period: Int) -> [Int] {
        quota > 0 && period > 0 ? [max(1, (quota + period - 1) / period)] : []
    }
}

/// A text file of the kernel's, or nil. The kernel gives some of them a page at a time.
package func kernelText(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    let isWhole = unsafe withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
        while true {
            let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return count == 0 }
            unsafe bytes.append(contentsOf: buffer[..<count])
        }
    }
    return isWhole && !bytes.isEmpty ? String(decoding: bytes, as: UTF8.self) : nil
}

/// The name of the processor, for the record of a measurement.
package var processorName: String? {
    for line in kernelText("/proc/cpuinfo")?.split(separator: "\n") ?? [] where line.hasPrefix("model name") {
        return line.split(separator: ":", maxSplits: 1).last.map { String($0.drop(while: \.isWhitespace)) }
    }
    return nil
}
