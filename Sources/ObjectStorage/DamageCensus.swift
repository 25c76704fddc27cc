import MetadataIndex
import SQLiteDatabase
import StorageModel
import Synchronization
import Volumes

/// Keeps the list of damage in line with the index: says which objects show damaged bytes now, and takes
/// off the list what nothing refers to any more.
///
/// The rows that refer to a place are found by reading all of them, about a microsecond each, and are
/// remembered; the next look asks them alone, until one of them is gone.
///
/// Blocks. Looks may go on side by side: a payload that nothing refers to stays so, whoever finds it out.
///
/// State: guarded by `known`.
final class DamageCensus: Sendable {
    /// How closely a look looks.
    enum Depth {
        /// Whether what is listed is referred to.
        case references
        /// As well, and the objects that show it.
        case names
    }

    /// The rows that refer to a place, as they were found; none if nothing does any more.
    private struct Known {
        let owners: [PayloadOwner]
        /// How many references the index counts of the place's blob.
        let references: Int64
    }

    private let ledger: DamageLedger
    private let index: MetadataIndex
    private let known = Mutex<[DamageRecord.Place: Known]>([:])

    init(ledger: DamageLedger, index: MetadataIndex) {
        self.ledger = ledger
        self.index = index
    }

    /// Looks at each place of the list.
    ///
    /// - Returns: Whether rows have to be looked for, which a look for names does.
    /// - Throws: `SQLiteError`; then the list has what was found out by then.
    @discardableResult
    func look(_ depth: Depth) throws(SQLiteError) -> Bool {
        let places = Set(ledger.records.map(\.place))
        var known = self.known.withLock { $0 }
        var unknown: Set<DamageRecord.Place> = []
        for place in places {
            guard let payload = PayloadPlace(place) else { continue }
            switch try look(at: payload, known[place], depth) {
            case .gone:
                known[place] = Known(owners: [], references: 0)
                ledger.name(NamedObjects(), of: place)
            case .unknown: unknown.insert(place)
            case .held(let objects):
                if let objects { ledger.name(objects, of: place) }
            }
        }
        if depth == .names, !unknown.isEmpty { try find(unknown, &known) }
        known = known.filter { places.contains($0.key) }
        ledger.drop(known.filter(\.value.owners.isEmpty).map(\.key))
        self.known.withLock { $0 = known }
        return depth == .references && !unknown.isEmpty
    }

    private enum Finding {
        /// Nothing refers to it.
        case gone
        /// The rows that refer to it are not known, or not all.
        case unknown
        /// These objects show it; nil if they were not asked for.
        case held(NamedObjects?)
    }

    private func look(
        at place: PayloadPlace,
        _ known: Known?,
        _ depth: Depth
    ) throws(SQLiteError) -> Finding {
        try index.read { reader throws(SQLiteError) in
            try reader.snapshot { () throws(SQLiteError) -> Finding in
                var references: Int64 = 0
                if case .blob(let id) = place {
                    references = try reader.references(to: id)
                    if references == 0 { return .gone }
                }
                guard let known else { return .unknown }
                if known.owners.isEmpty { return .gone }
                if known.references != references { return .unknown }
                var objects = NamedObjects()
                for owner in known.owners {
                    guard try reader.holds(owner, place) else { return .unknown }
                    if depth == .names { objects.add(try reader.objects(showing: owner)) }
                }
                return .held(depth == .names ? objects : nil)
            }
        }
    }

    /// Looks for the rows that refer to some places, and names the objects that show them.
    private func find(
        _ places: Set<DamageRecord.Place>,
        _ known: inout [DamageRecord.Place: Known]
    ) throws(SQLiteError) {
        var blobs: Set<BlobID> = []
        var positions: Set<LogPosition> = []
        for place in places {
            switch PayloadPlace(place) {
            case .blob(let id): blobs.insert(id)
            case .inline(let position): positions.insert(position)
            case nil: continue
            }
        }
        let (wantedBlobs, wantedPositions) = (blobs, positions)
        let (owners, references) = try index.read { reader throws(SQLiteError) in
            try reader.snapshot { () throws(SQLiteError) in
                var references: [BlobID: Int64] = [:]
                for id in wantedBlobs { references[id] = try reader.references(to: id) }
                return (try reader.owners(of: wantedBlobs, at: wantedPositions), references)
            }
        }
        for place in places {
            let owned: OwnedPayload?
            var count: Int64 = 0
            switch PayloadPlace(place) {
            case .blob(let id):
                owned = owners.blobs[id]
                count = references[id] ?? 0
            case .inline(let position): owned = owners.positions[position]
            case nil: continue
            }
            ledger.name(owned?.objects ?? NamedObjects(), of: place)
            known[place] = Known(owners: owned?.owners ?? [], references: count)
        }
    }
}

extension PayloadPlace {
    /// The place of damaged payload bytes; nil for damage of anything else.
    fileprivate init?(_ place: DamageRecord.Place) {
        switch place {
        case .blob(let id): self = .blob(id)
        case .payload(let position): self = .inline(position)
        case .log, .snapshot: return nil
        }
    }
}
