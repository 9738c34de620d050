// SPDX-License-Identifier: Apache-2.0
//
// Numbers as bytes and back, against bytes that are written out; and the generator, against the numbers that its authors' C code prints.

import System
import Testing

@Suite struct NumberTests {
    @Test func `integers and floats are written with the lowest byte first, and read back`() {
        var bytes: [UInt8] = [9]
        bytes.append(littleEndian: UInt32(0x0403_0201))
        bytes.append(littleEndian: Int16(-2))
        bytes.append(littleEndian: [1, -0.5] as [Float])
        #expect(bytes == [9, 1, 2, 3, 4, 0xFE, 0xFF, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF])
        #expect(bytes.span.integer(UInt32.self, at: 1) == 0x0403_0201 && bytes.span.integer(Int16.self, at: 5) == -2)
        #expect(Float(bitPattern: bytes.span.integer(at: 11)) == -0.5)
        #expect(UInt64(0xFFEE_0000_0000_0001).littleEndianBytes == [1, 0, 0, 0, 0, 0, 0xEE, 0xFF])
        for value in [Int64.min, -1, 0, 1 << 40, .max] {
            bytes.put(littleEndian: value, at: 3)
            #expect(bytes.span.integer(Int64.self, at: 3) == value && bytes.count == 15 && bytes[2] == 2)
        }
        #expect(UInt64(0xAB).hexadecimal == "00000000000000ab" && UInt64.max.hexadecimal == "ffffffffffffffff")
    }

    @Test func `a seed names the published sequence`() {
        var generator = SeededGenerator(seed: 1_234_567)
        let published: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        for number in published { #expect(generator.next() == number) }
        var units = SeededGenerator(seed: 3)
        for _ in 0..<100 { #expect((0..<1).contains(units.unit())) }
    }
}
