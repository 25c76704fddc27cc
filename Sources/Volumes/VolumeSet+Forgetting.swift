import StorageFormats
import StorageModel

extension VolumeSet {
    /// Payloads whose objects are looked for where a volume may have the only copies, and objects that are
    /// named of them.
    private static let namedMax = 16
    /// Blobs that are asked for at once.
    private static let forgettingPage = 1000

    /// Forgets a volume that is missing: it is listed no longer, and is not taken back.
    ///
    /// Nothing is forgotten that may be on it alone. When this returns, all volumes that are there have it in
    /// writing. Unless it is in writing that every payload has its copies, it looks for each of them: one
    /// `stat` for a payload and volume.
    ///
    /// - Parameters:
    ///   - id: The volume.
    ///   - census: Knows the blobs.
    ///   - damage: The damage that is known.
    ///   - isCancelled: Asked now and then; when it says yes, nothing is forgotten.
    /// - Throws: ``ForgettingError``.
    public func forget(
        _ id: UniqueID,
        _ census: some BlobCensus,
        damage: [DamageRecord],
        isCancelled: () -> Bool
    ) throws(ForgettingError) {
        try checkForgettable(id)
        try requireWholeCopies(damage)
        if copies == 1 || isThin { try requireCopies(census, isCancelled) }
        var left: Int?
        do throws(VolumeError) {
            try change { [copies] standing in
                guard let membership = standing.membership, membership.contains(id) else { return }
                left = membership.members.count - 1
                // Another may have been forgotten meanwhile.
                if membership.members.count > copies { standing.membership?.forget(id) }
            }
        } catch {
            throw .notWritten(error)
        }
        guard let left else { throw .volumeUnknown(missing: missing) }
        guard left >= copies else { throw .tooFewVolumes(left: left, copies: copies) }
        onEvent(.forgotten(id))
    }

    /// The volumes that are listed and not there.
    ///
    /// Never waits.
    public var missing: [UniqueID] {
        reports(.withoutSpace).filter { $0.condition == .missing }.map(\.id)
    }

    private func checkForgettable(_ id: UniqueID) throws(ForgettingError) {
        let reports = reports(.withoutSpace)
        guard let report = reports.first(where: { $0.id == id }) else {
            throw .volumeUnknown(missing: missing)
        }
        guard report.condition == .missing else {
            throw .volumePresent(directory: report.directory)
        }
        guard reports.count > copies else {
            throw .tooFewVolumes(left: reports.count - 1, copies: copies)
        }
        // One that is not told would take the other back if it came with it alone.
        for other in reports where other.condition != .missing && !other.isWritable {
            throw .volumeFailed(directory: other.directory)
        }
    }

    /// Refuses while a place on a volume that is there is known to be damaged, of which the missing one may
    /// have a whole copy.
    ///
    /// Snapshots are copies of the index, and are made anew of that.
    private func requireWholeCopies(_ damage: [DamageRecord]) throws(ForgettingError) {
        let directories = readable.map(\.directory)
        let places = damage.filter { record in
            record.state == .found && record.kind != .snapshot
                && directories.contains(record.volume)
        }
        guard places.isEmpty else {
            let objects = Set(places.flatMap(\.objects.names)).sorted()
            throw .onlyWholeCopies(places: places.count, objects: Self.some(of: objects))
        }
    }

    /// Refuses if there is a payload of which no volume has a copy that takes writes.
    private func requireCopies(
        _ census: some BlobCensus,
        _ isCancelled: () -> Bool
    ) throws(ForgettingError) {
        var isClosed = false
        var lacking = 0
        var objects: [String] = []
        do {
            var named: [BlobID] = []
            var last: BlobID?
            while !isClosed {
                let page = try census.blobs(after: last, limit: Self.forgettingPage)
                guard let end = page.last else { break }
                for id in page where !isOnWritable(id) {
                    // It may have been removed meanwhile.
                    guard try census.isWanted(id) else { continue }
                    lacking += 1
                    if named.count < Self.namedMax { named.append(id) }
                }
                last = end
                isClosed = isCancelled()
            }
            if !isClosed, !named.isEmpty { objects = try census.objects(in: named) }
        } catch {
            throw .indexFailed
        }
        guard !isClosed else { throw .closed }
        guard lacking == 0 else {
            throw .onlyCopies(payloads: lacking, objects: Self.some(of: objects))
        }
    }

    private static func some(of objects: [String]) -> [String] { Array(objects.prefix(namedMax)) }

    private func isOnWritable(_ id: BlobID) -> Bool {
        members.contains { ((try? $0.writable?.blobs.holds(id)) ?? false) == true }
    }
}
