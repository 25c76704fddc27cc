import SeededRandom
import Testing

@testable import ArrayModel

/// Checks that headers of `.npy` files are read as NumPy reads them.
///
/// Method: what ``NPYHeader`` writes, which is compared with NumPy's own bytes elsewhere; spellings that
/// `numpy.lib.format` takes; and files that are none.
@Suite struct NPYLayoutTests {
    static func header(_ dictionary: String, version: UInt8 = 1) -> [UInt8] {
        let text = Array(dictionary.utf8)
        let length =
            version == 1
            ? [UInt8(text.count & 0xFF), UInt8(text.count >> 8)]
            : [UInt8(text.count & 0xFF), UInt8(text.count >> 8), 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text
    }

    @Test(arguments: NPYHeader.Version.allCases)
    func `what is written is read`(_ version: NPYHeader.Version) throws {
        let types: [DataType] = [.bool, .int8, .uint16, .float64, .complex64, .rawBits(bytes: 3)]
        for type in types {
            for shape in [[], [3], [0, 7], [10_000_000_000, 512, 512, 3]] {
                let bytes = NPYHeader(dataType: type, shape: shape).bytes(version)
                #expect(try NPYLayout.headerBytes(bytes) == bytes.count)
                let layout = try NPYLayout(bytes)
                #expect(layout.dataType == type)
                #expect(layout.shape == shape)
                #expect(layout.order == .rowMajor)
                #expect(layout.byteOrder == (type.swapUnitBytes > 1 ? .little : nil))
            }
        }
    }

    static let spellings: [(String, NPYLayout)] = [
        (
            "{'descr': '>f4', 'fortran_order': True, 'shape': (3, 4), }\n",
            NPYLayout(dataType: .float32, byteOrder: .big, shape: [3, 4], order: .columnMajor)
        ),
        (
            "{\"shape\":(5,),\"fortran_order\":False,\"descr\":\"|u1\"}   \n",
            NPYLayout(dataType: .uint8, byteOrder: nil, shape: [5], order: .rowMajor)
        ),
        (
            "{'descr': '<i8', 'fortran_order': False, 'shape': (5L, 6L)}",
            NPYLayout(dataType: .int64, byteOrder: .little, shape: [5, 6], order: .rowMajor)
        ),
    ]

    @Test(arguments: spellings)
    func `other spellings are read`(_ text: String, _ expected: NPYLayout) throws {
        for version in [1, 2, 3] as [UInt8] {
            #expect(try NPYLayout(Self.header(text, version: version)) == expected)
        }
    }

    static let broken = [
        "", "{", "{}", "{'descr': '<f4'}", "['descr']",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        "{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (\(String(repeating: "1,", count: 33)))}",
    ]

    @Test(arguments: broken)
    func `what is no dictionary is refused`(_ text: String) {
        #expect(throws: NPYError.self) { try NPYLayout(Self.header(text)) }
    }

    @Test(arguments: ["|O", "<U3", "|S4", "<M8[s]", "<f3", "f4", "??"])
    func `types that no array has are named`(_ type: String) {
        let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (3,)}"
        #expect(throws: NPYError.dataTypeUnsupported(type)) { try NPYLayout(Self.header(text)) }
        let records = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}"
        #expect(throws: NPYError.dataTypeUnsupported("structured")) {
            try NPYLayout(Self.header(records))
        }
    }

    @Test func `other files and headers that are too long are refused`() {
        let other = Array("PK\u{3}\u{4} a zip file".utf8)
        #expect(throws: NPYError.magicMissing) { try NPYLayout.headerBytes(other) }
        #expect(throws: NPYError.magicMissing) { try NPYLayout.headerBytes([0x93]) }
        #expect(throws: NPYError.versionUnknown(9)) {
            try NPYLayout.headerBytes(Self.header("{}          ", version: 9))
        }
        var long = Self.header("{}          ", version: 2)
        long[11] = 0xFF
        #expect(throws: NPYError.headerTooLong(bytes: 12 + 12 + 0xFF00_0000)) {
            try NPYLayout.headerBytes(long)
        }
    }

    @Test func `no corruption traps`() {
        var random = SeededGenerator(seed: 1)
        let whole = NPYHeader(dataType: .float32, shape: [3, 4]).bytes()
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            let length = Int.random(in: 0...bytes.count, using: &random)
            _ = try? NPYLayout(Array(bytes[..<length]))
            _ = try? NPYLayout(bytes)
        }
    }
}
