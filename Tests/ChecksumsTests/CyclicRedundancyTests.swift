import CKernels
import Checksums
import SeededRandom
import Testing

/// Checks every CRC and every engine of it against the definition, one bit at a time.
///
/// Method: the catalogue's check values, then all short lengths at all alignments, then seeded
/// random lengths and splits.
@Suite struct CyclicRedundancyTests {
    /// One polynomial, in reflected form, with the check value of "123456789".
    struct Definition: Sendable, CustomTestStringConvertible {
        let kind: nave_crc_kind
        let name: String
        let polynomial: UInt64
        let mask: UInt64
        let check: UInt64

        var testDescription: String { name }

        /// The definition: one bit at a time.
        func value(_ bytes: some Sequence<UInt8>) -> UInt64 {
            var state = mask
            for byte in bytes {
                state ^= UInt64(byte)
                for _ in 0..<8 {
                    state = state & 1 == 1 ? state >> 1 ^ polynomial : state >> 1
                }
            }
            return state ^ mask
        }
    }

    // Source: Catalogue of parametrised CRC algorithms, entries CRC-64/NVME, CRC-32/ISO-HDLC and
    // CRC-32/ISCSI.
    static let definitions = [
        Definition(
            kind: NAVE_CRC64_NVME,
            name: "CRC-64/NVME",
            polynomial: 0x9A6C_9329_AC4B_C9B5,
            mask: .max,
            check: 0xAE8B_1486_0A79_9888
        ),
        Definition(
            kind: NAVE_CRC32,
            name: "CRC-32",
            polynomial: 0xEDB8_8320,
            mask: 0xFFFF_FFFF,
            check: 0xCBF4_3926
        ),
        Definition(
            kind: NAVE_CRC32C,
            name: "CRC-32C",
            polynomial: 0x82F6_3B78,
            mask: 0xFFFF_FFFF,
            check: 0xE306_9283
        ),
    ]
    static let engines = [NAVE_CRC_PORTABLE, NAVE_CRC_PCLMUL, NAVE_CRC_VPCLMUL]
        .filter { nave_crc_engine_available($0) == 1 }

    @Test(arguments: definitions)
    func `the catalogue's check values come out of every engine`(_ definition: Definition) {
        let digits = Array("123456789".utf8)
        #expect(definition.value(digits) == definition.check)
        for engine in Self.engines {
            #expect(nave_crc_with(engine, definition.kind, 0, digits, 9) == definition.check)
        }
    }

    @Test func `the Swift types give the catalogue's check values`() {
        let digits = Array("123456789".utf8)
        #expect(CRC64NVME.checksum(digits) == 0xAE8B_1486_0A79_9888)
        #expect(CRC32.checksum(digits) == 0xCBF4_3926)
        #expect(CRC32C.checksum(digits) == 0xE306_9283)
        #expect(CRC64NVME.checksum([]) == 0)
        var check = CRC32C()
        digits.withUnsafeBytes { check.update($0) }
        #expect(check.bytes == [0xE3, 0x06, 0x92, 0x83])
    }

    // Source: RFC 3720, appendix B.4, "CRC Examples", whose bytes are in the order of transmission.
    static let iSCSIExamples: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E),
        ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
        (
            [
                0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
                0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
            ], 0xD996_3A56
        ),
    ]

    @Test func `the examples of iSCSI come out of every engine`() {
        for (bytes, check) in Self.iSCSIExamples {
            #expect(CRC32C.checksum(bytes) == check)
            for engine in Self.engines {
                let value = nave_crc_with(engine, NAVE_CRC32C, 0, bytes, bytes.count)
                #expect(value == UInt64(check))
            }
        }
    }

    @Test(arguments: definitions)
    func `all lengths to 300 at all alignments to 15 match the definition`(
        _ definition: Definition
    ) {
        let bytes = Self.noise(count: 400, seed: 11)
        var failures = 0
        for alignment in 0...15 {
            for length in 0...300 {
                let expected = definition.value(bytes[alignment..<(alignment + length)])
                bytes.withUnsafeBytes { buffer in
                    let run = UnsafeRawBufferPointer(rebasing: buffer[alignment...])
                    for engine in Self.engines {
                        let value = nave_crc_with(
                            engine,
                            definition.kind,
                            0,
                            run.baseAddress,
                            length
                        )
                        if value != expected { failures += 1 }
                    }
                }
            }
        }
        #expect(failures == 0)
    }

    @Test(arguments: definitions)
    func `long inputs in random pieces match the definition`(_ definition: Definition) {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<40 {
            let bytes = Self.noise(count: Int.random(in: 300...6000, using: &random), seed: 7)
            let expected = definition.value(bytes)
            for engine in Self.engines {
                var check: UInt64 = 0
                var position = 0
                while position < bytes.count {
                    let step = min(Int.random(in: 0...2500, using: &random), bytes.count - position)
                    bytes.withUnsafeBytes { buffer in
                        let run = UnsafeRawBufferPointer(rebasing: buffer[position...])
                        check = nave_crc_with(
                            engine,
                            definition.kind,
                            check,
                            run.baseAddress,
                            step
                        )
                    }
                    position += step
                }
                #expect(check == expected)
            }
        }
    }

    @Test func `checks of two runs combine into the check of both`() {
        var random = SeededGenerator(seed: 5)
        let bytes = Self.noise(count: 3000, seed: 3)
        for _ in 0..<200 {
            let split = Int.random(in: 0...bytes.count, using: &random)
            let first = Array(bytes[..<split])
            let second = Array(bytes[split...])
            let length = Int64(second.count)
            let wide = CRC64NVME.combined(
                CRC64NVME.checksum(first),
                CRC64NVME.checksum(second),
                secondBytes: length
            )
            #expect(wide == CRC64NVME.checksum(bytes))
            let zlib = CRC32.combined(
                CRC32.checksum(first),
                CRC32.checksum(second),
                secondBytes: length
            )
            #expect(zlib == CRC32.checksum(bytes))
            let castagnoli = CRC32C.combined(
                CRC32C.checksum(first),
                CRC32C.checksum(second),
                secondBytes: length
            )
            #expect(castagnoli == CRC32C.checksum(bytes))
        }
    }

    static func noise(count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
}
