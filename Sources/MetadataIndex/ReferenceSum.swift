import SQLiteDatabase
import StorageModel

/// A sum over all references to blobs, which tells whether the table of them is what was written.
///
/// SQLite's pages have no checksums. A blob that the table does not name is removed when a store is
/// opened, so a row that rotted, or a page of an older file, would cost the bytes of an object. The sum
/// is kept with the position of the index and changes with every reference.
struct ReferenceSum: Hashable, Sendable {
    /// The sum, modulo 2^64.
    private(set) var value: UInt64

    /// A sum that was kept.
    init(_ value: UInt64 = 0) {
        self.value = value
    }

    /// Counts a reference.
    mutating func add(_ id: BlobID) {
        value &+= Self.digest(id.number)
    }

    /// Takes a reference back.
    mutating func drop(_ id: BlobID) {
        value &-= Self.digest(id.number)
    }

    /// Counts all references to a blob.
    mutating func add(_ id: BlobID, times: Int64) {
        value &+= Self.digest(id.number) &* UInt64(bitPattern: times)
    }

    /// Spreads a number over all bits, so that sums of other numbers differ.
    ///
    /// Source: S. Vigna, splitmix64.c, 2015: the finalizer of David Stafford's variant 13.
    private static func digest(_ number: UInt64) -> UInt64 {
        var mixed = number &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension IndexReader {
    /// The sum over the references that the table of blobs has.
    func referenceSum() throws(SQLiteError) -> ReferenceSum {
        let rows = try connection.prepare("SELECT id, refs FROM blob")
        var sum = ReferenceSum()
        while try rows.step() {
            sum.add(BlobID(UInt64(bitPattern: rows.int64(at: 0))), times: rows.int64(at: 1))
        }
        return sum
    }
}

extension IndexWriter {
    /// Whether the table of blobs is what was written; reads all of it.
    public func holdsItsBlobs() throws(SQLiteError) -> Bool {
        try reader.referenceSum() == references
    }
}
