import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import ObjectStorage
import StorageModel

/// What differs between two versions or commits, as keys and as parts of arrays.
extension ArrayService {
    /// Compares two versions, drafts or commits of a namespace.
    func difference(
        _ wanted: DifferenceRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(of: wanted.reference, for: caller)
        _ = try self.namespace(of: wanted.other, for: caller)
        let first = try line(of: wanted.reference, in: namespace)
        let second = try line(of: wanted.other, in: namespace)
        let whole = try await storing { () async throws(StoreError) in
            try await store.difference(from: first, to: second)
        }
        let after = wanted.after.map { Array($0.utf8) }
        let rest = whole.keys.drop { difference in
            guard let after else { return false }
            return !after.lexicographicallyPrecedes(difference.key.text.utf8)
        }
        let page = LineDifference(
            keys: Array(rest.prefix(wanted.limit)),
            isTruncated: whole.isTruncated
        )
        let arrays: [String: ArrayMetadata]
        do {
            arrays = try await catalog.arrays(
                around: page.keys.map(\.key.text),
                in: [second, first]
            )
        } catch {
            throw .catalog(error)
        }
        let next = rest.count > page.keys.count ? page.keys.last?.key.text : nil
        return .document(
            DifferenceDocument(arrays: arrays).value(
                page,
                from: wanted.reference.text,
                to: wanted.other.text,
                next: next
            )
        )
    }

    /// The line that a reference to a version or commit names.
    private func line(
        of reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayServiceError) -> LineID {
        if reference.digest != nil { return try committed(reference, in: namespace).line }
        let version = try versionName(reference)
        let state = try asking { () throws(StoreError) in
            try store.versionState(version, in: namespace)
        }
        guard let state else { throw .version(.notComparable(reference)) }
        return state.line
    }
}
