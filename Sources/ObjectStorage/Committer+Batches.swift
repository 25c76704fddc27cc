import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel

// Decisions about many keys at once.

extension Committer {
    func write(_ batch: BatchProposal) throws(Refusal) -> Decision {
        try checkLive(batch.namespace)
        for condition in batch.conditions {
            try check(condition.expectation, condition.key, batch.namespace)
        }
        for put in batch.puts { try check(put.expectation, put.key, batch.namespace) }
        var openings: [VersionOpening] = []
        var writes: [ObjectWrite] = []
        writes.reserveCapacity(batch.puts.count)
        // Metadata first: it may open the version that the other keys go to.
        for put in batch.puts.filter({ $0.fact != nil }) + batch.puts.filter({ $0.fact == nil }) {
            writes.append(try write(put, batch.namespace, &openings))
        }
        var deleted: [LineKey] = []
        for key in batch.deletions {
            let place = Self.opened(key, openings)
            // What a version that is opened here begins with is still in the namespace's line.
            guard place == nil else { throw .refused(.preconditionFailed) }
            let held = try asking { () throws(SQLiteError) -> LineKey? in
                let place = try writer.reader.place(of: key, namespace: batch.namespace.line)
                return try writer.reader.entry(place) == nil ? nil : place
            }
            if let held {
                try checkWritable(held.line, batch.namespace)
                deleted.append(held)
            }
        }
        guard !writes.isEmpty || !deleted.isEmpty else {
            return .unchanged(.written(sequence: sequence - 1))
        }
        return .change(.putObjects(writes, deleting: deleted)) { placement in
            .written(sequence: placement.sequence)
        }
    }

    private func write(
        _ put: BatchProposal.Put,
        _ namespace: Namespace,
        _ openings: inout [VersionOpening]
    ) throws(Refusal) -> ObjectWrite {
        if let place = Self.opened(put.key, openings) {
            return ObjectWrite(place: place, entry: put.entry, fact: put.fact, opening: nil)
        }
        let (place, opening) = try placement(put.key, namespace, put.fact)
        try checkWritable(place.line, namespace)
        if let opening { openings.append(opening) }
        return ObjectWrite(place: place, entry: put.entry, fact: put.fact, opening: opening)
    }

    /// Where a key goes if an earlier write of the same change opens its version.
    private static func opened(_ key: ObjectKey, _ openings: [VersionOpening]) -> LineKey? {
        for opening in openings where key.text.utf8.starts(with: opening.keyPrefix.utf8) {
            let rest = key.text.utf8.dropFirst(opening.keyPrefix.utf8.count)
            return LineKey(
                line: opening.line,
                key: ObjectKey(trusted: String(decoding: rest, as: UTF8.self))
            )
        }
        return nil
    }

    private func check(
        _ expectation: KeyExpectation,
        _ key: ObjectKey,
        _ namespace: Namespace
    ) throws(Refusal) {
        if expectation == .any { return }
        let current = try asking { () throws(SQLiteError) in
            try writer.reader.entry(key, namespace: namespace.line)
        }
        let holds =
            switch expectation {
            case .any: true
            case .absent: current == nil
            case .sequence(let number): current?.sequence == number
            }
        guard holds else { throw .refused(.preconditionFailed) }
    }
}
