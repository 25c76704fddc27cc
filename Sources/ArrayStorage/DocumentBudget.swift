/// How many bytes of metadata documents one answer has read so far.
///
/// Invariant: it is spent only after at least one document was read, so every page has an entry.
struct DocumentBudget {
    private var bytes: Int64 = 0

    /// Whether the answer takes no more entries.
    var isSpent: Bool { bytes >= Int64(ArrayCatalogLimits.documentBytesPerPage) }

    /// Notes a document of so many bytes.
    mutating func take(_ count: Int64) {
        bytes += count
    }
}
