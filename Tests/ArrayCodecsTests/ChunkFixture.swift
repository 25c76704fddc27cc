import ArrayModel
import Foundation
import Testing

@testable import ArrayCodecs

/// One row of `Fixtures/arrays/chunks.json` or `codecs.json`: a chunk as a library stored it, and its elements.
struct ChunkFixture: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let file: String
    let metadata: String
    let stored: Data
    let expected: Data

    var testDescription: String { name }

    /// The metadata, read as the server reads it.
    func array() throws -> ArrayMetadata {
        let file = try #require(MetadataFile(lastSegment: file))
        let recognition = NodeRecognition.recognise(file, bytes: Array(metadata.utf8))
        guard case .array(let array) = recognition else {
            throw UnreadableFixture(name: name, recognition: recognition)
        }
        return array
    }

    /// All rows.
    static let all = rows("chunks.json") + rows("codecs.json")

    private static func rows(_ name: String) -> [ChunkFixture] {
        do {
            return try JSONDecoder().decode([ChunkFixture].self, from: contents(name))
        } catch {
            fatalError("Fixtures/arrays/\(name): \(error)")
        }
    }

    /// A file of `Fixtures/arrays`.
    static func contents(_ name: String) throws -> Data {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        return try Data(contentsOf: folder.appending(path: "../../Fixtures/arrays/\(name)"))
    }
}

/// A fixture whose metadata is not understood.
struct UnreadableFixture: Error {
    let name: String
    let recognition: NodeRecognition
}
