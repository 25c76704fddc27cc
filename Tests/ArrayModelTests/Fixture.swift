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
