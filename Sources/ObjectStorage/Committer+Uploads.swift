import Checksums
import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel

// Decisions about multipart uploads.
//
// Source: Amazon S3 API Reference, CreateMultipartUpload, UploadPart, CompleteMultipartUpload,
// AbortMultipartUpload.

extension Committer {
    func createUpload(
        _ creation: UploadCreation,
        _ name: NamespaceName
    ) throws(Refusal) -> Decision {
        guard names.namespace(line: creation.namespaceLine) != nil else {
            throw .refused(.namespaceMissing(name))
        }
        let place = try asking { () throws(SQLiteError) in
            try writer.reader.place(of: creation.key, namespace: creation.namespaceLine)
        }
        if place.line != creation.namespaceLine,
            let sealed = try asking({ () throws(SQLiteError) in
                try writer.reader.sealedVersion(line: place.line)
            })
        {
            throw .refused(.version(.sealed(sealed)))
        }
        return .change(.createUpload(creation)) { placement in
            .upload(
                MultipartUpload(
                    id: creation.id,
                    namespaceLine: creation.namespaceLine,
                    key: creation.key,
                    initiated: placement.time,
                    attributes: creation.attributes,
                    checksum: creation.checksum
                )
            )
        }
    }

    func putPart(_ proposal: PartProposal) throws(Refusal) -> Decision {
        let part = proposal.part
        _ = try liveUpload(part.upload, proposal.key, proposal.namespace)
        try check(proposal.origin, part.payload)
        return .change(.putPart(part)) { placement in
            guard let payload = Payload(runs: part.payload, recordPayload: placement.recordPayload)
            else { preconditionFailure("an applied change has its payload") }
            return .part(
                UploadedPart(
                    number: part.number,
                    entityTag: part.entityTag,
                    modified: placement.time,
                    checksum: part.checksum,
                    payload: payload
                )
            )
        }
    }

    func abortUpload(
        _ id: UploadID,
        _ key: ObjectKey,
        _ namespace: Namespace
    ) throws(Refusal) -> Decision {
        _ = try liveUpload(id, key, namespace)
        return .change(.abortUpload(id)) { _ in .done }
    }

    func complete(_ proposal: CompletionProposal) throws(Refusal) -> Decision {
        try checkLive(proposal.namespace)
        guard let upload = try upload(proposal.id, proposal.key, proposal.namespace) else {
            guard let entry = try completedEntry(proposal) else {
                throw .refused(.uploadMissing(proposal.id))
            }
            return .unchanged(.object(entry))
        }
        let parts = try chosenParts(proposal)
        let entry = NewEntry(
            entityTag: PartReference.entityTag(of: parts.map(\.entityTag)),
            attributes: upload.attributes,
            checksums: proposal.checksums,
            parts: parts.map {
                CompletedPart(number: $0.number, sizeBytes: $0.sizeBytes, checksum: $0.checksum)
            },
            payload: parts.flatMap { $0.payload.extents.map(PayloadRun.stored) }
        )
        return try write(
            proposal.key,
            proposal.namespace,
            entry,
            proposal.fact,
            proposal.precondition
        ) { .completeUpload(proposal.id, $0) }
    }

    /// A client that missed the answer asks again and gets the same one.
    private func completedEntry(_ proposal: CompletionProposal) throws(Refusal) -> ObjectEntry? {
        try asking { () throws(SQLiteError) -> ObjectEntry? in
            let reader = writer.reader
            guard let completed = try reader.completedEntry(proposal.id),
                let current = try reader.entry(
                    proposal.key,
                    namespace: proposal.namespace.line
                ),
                current.sequence == completed.sequence,
                completed.wasCompleted(of: proposal.parts)
            else { return nil }
            return completed
        }
    }

    /// The parts that completion names, each as it was uploaded last.
    private func chosenParts(_ proposal: CompletionProposal) throws(Refusal) -> [UploadedPart] {
        guard !proposal.parts.isEmpty else { throw .refused(.partsEmpty) }
        let uploaded = try asking { () throws(SQLiteError) in
            try writer.reader.parts(
                of: proposal.id,
                after: 0,
                limit: UploadedPart.numbers.upperBound
            )
        }
        var byNumber: [Int: UploadedPart] = [:]
        for part in uploaded { byNumber[part.number] = part }
        var chosen: [UploadedPart] = []
        chosen.reserveCapacity(min(proposal.parts.count, uploaded.count))
        var previous = 0
        for reference in proposal.parts {
            guard reference.number > previous else { throw .refused(.partOrderInvalid) }
            previous = reference.number
            guard let part = byNumber[reference.number], part.entityTag == reference.entityTag,
                reference.checksumText == nil || part.checksum?.text == reference.checksumText
            else { throw .refused(.partInvalid(number: reference.number)) }
            chosen.append(part)
        }
        for part in chosen.dropLast() where part.sizeBytes < UploadedPart.sizeBytesMin {
            throw .refused(.partTooSmall(number: part.number, sizeBytes: part.sizeBytes))
        }
        return chosen
    }

    private func liveUpload(
        _ id: UploadID,
        _ key: ObjectKey,
        _ namespace: Namespace
    ) throws(Refusal) -> MultipartUpload {
        try checkLive(namespace)
        guard let upload = try upload(id, key, namespace) else {
            throw .refused(.uploadMissing(id))
        }
        return upload
    }

    private func upload(
        _ id: UploadID,
        _ key: ObjectKey,
        _ namespace: Namespace
    ) throws(Refusal) -> MultipartUpload? {
        let upload = try asking { () throws(SQLiteError) in try writer.reader.upload(id) }
        guard let upload, upload.key == key, upload.namespaceLine == namespace.line else {
            return nil
        }
        return upload
    }
}
