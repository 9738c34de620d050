// SPDX-License-Identifier: Apache-2.0

/// Memory for the codes of queries, at a multiple of 64 bytes: a tile is loaded from 16 lines then, and not from 32. One worker
/// owns it. Not copyable, like `RowTile`.
@safe struct CodeBuffer: ~Copyable {
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var base: UnsafeMutablePointer<Int8>

    init() {
        capacity = 64
        unsafe storage = .allocate(byteCount: capacity, alignment: 64)
        unsafe base = storage.bindMemory(to: Int8.self, capacity: capacity)
    }

    deinit { unsafe storage.deallocate() }

    /// Makes room for `count` codes, all of them 0.
    mutating func reset(count: Int) {
        if count > capacity {
            unsafe storage.deallocate()
            capacity = count
            unsafe storage = .allocate(byteCount: capacity, alignment: 64)
            unsafe base = storage.bindMemory(to: Int8.self, capacity: capacity)
        }
        unsafe base.update(repeating: 0, count: count)
    }

    subscript(index: Int) -> Int8 {
        @inline(__always) get {
            assert(index >= 0 && index < capacity)
            return unsafe base[index]
        }
        @inline(__always) set {
            assert(index >= 0 && index < capacity)
            unsafe base[index] = newValue
        }
    }
}
