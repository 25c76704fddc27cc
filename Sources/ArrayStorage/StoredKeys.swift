import ArrayModel
import ObjectStorage

/// Walks over the stored chunks of an array, in the order of their keys.
struct StoredKeys {
    private let array: StoredArray
    private let engine: ReadEngine
    private let pageKeys: Int
    private var marker: String?
    private var isLastPage = false

    init(_ array: StoredArray, engine: ReadEngine, pageKeys: Int) {
        self.array = array
        self.engine = engine
        self.pageKeys = pageKeys
    }

    /// The next chunks, which may be none; nil after the last.
    mutating func next() async throws(ArrayWriteError) -> [StoredChunk]? {
        guard !isLastPage else { return nil }
        let (array, loader, marker, limit) = (array, engine.loader, marker, pageKeys)
        let keys: [String]
        do throws(ArrayReadError) {
            keys = try await engine.blocking { () throws(ArrayReadError) in
                try loader.keys(prefix: array.keyPrefix, of: array, after: marker, limit: limit)
            }
        } catch {
            throw .read(error)
        }
        self.marker = keys.last
        isLastPage = keys.count < pageKeys
        return keys.compactMap { key in
            array.coordinates(key).map { StoredChunk(key: key, coordinates: $0) }
        }
    }
}

/// A chunk that is stored.
struct StoredChunk: Sendable {
    /// Its key in the array's line.
    let key: String
    /// Where it is in the grid.
    let coordinates: [Int]
}
