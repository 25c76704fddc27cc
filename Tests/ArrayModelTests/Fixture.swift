import ArrayModel
import Foundation
import Testing

/// Rows that NumPy and zarr-python wrote; see Fixtures/PROVENANCE.md.
enum Fixture {
    static func rows(_ name: String) throws -> [JSONValue] {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/arrays/model/\(name)").standardizedFileURL
        let document = try JSONValue(parsing: [UInt8](Data(contentsOf: url)))
        return try #require(document.elements)
    }

    static func integers(_ value: JSONValue?) throws -> [Int] {
        try #require(value?.elements).map { try #require($0.integer) }
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }
}

/// A generator that gives the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        // SplitMix64, Steele, Lea and Flood 2014.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
