import StorageFormats
import StorageModel

/// What plain writes ask of lines and arrays again and again, and none of them changes.
///
/// Kept while one plain write follows the other in a transaction, so it has no more entries than that has
/// changes.
struct RememberedFacts {
    /// Whether other lines begin with what a line held.
    var hasForks: [LineID: Bool] = [:]
    /// The nearest array of a folder; nil where there is none.
    var nearestArrays: [LinePath: LinePath?] = [:]
}

extension ChangeOperation {
    /// Whether it gives a key an object that is no metadata, and does nothing else: lines stay what they
    /// are, and so does what is an array.
    var isPlainWrite: Bool {
        guard case .putObject(let write) = self else { return false }
        return write.opening == nil && write.fact == nil
            && CatalogFile(key: write.place.key.text) == nil
    }
}
