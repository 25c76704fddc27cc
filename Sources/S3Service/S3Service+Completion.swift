import HTTPServing
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// CompleteMultipartUpload; completing again answers with the object made the first time.
    func completeUpload(
        _ request: CompleteUploadRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) -> HTTPAnswer {
        later(exchange) { body throws(S3Error) in
            // The checksum headers are of the object here, not of the document.
            let stated = BodyDigests(
                contentMD5: try ContentMD5.digest(in: exchange.headers),
                checksum: .unstated
            )
            var intake = try BodyIntake.document(exchange, stated: stated)
            let listed = try MultipartDocument.completion(try await intake.readDocument(body))
            let entry = try await complete(request, listed, key, bucket, exchange)
            let xml = MultipartDocument.completed(
                location: Self.location(of: key, in: bucket, exchange),
                bucket: bucket.name,
                key: key,
                entityTag: entry.entityTag,
                checksum: entry.checksums.first
            )
            return exchange.document(xml)
        }
    }

    private func complete(
        _ request: CompleteUploadRequest,
        _ listed: [ListedPart],
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) async throws(S3Error) -> ObjectEntry {
        let found = try exchange.storing { () throws(StoreError) in
            try store.upload(request.upload, key: key, in: bucket)
        }
        guard let upload = found else {
            let completed = try exchange.storing { () throws(StoreError) in
                try store.completedEntry(request.upload, key: key, in: bucket)
            }
            let references = listed.map {
                PartReference(number: $0.number, entityTag: $0.entityTag)
            }
            guard let completed, completed.wasCompleted(of: references) else {
                throw .noSuchUpload(request.upload.text)
            }
            return completed
        }
        let plan = try CompletionPlan(
            listed,
            stored: try parts(of: upload, exchange),
            upload: upload,
            request: request
        )
        return try await exchange.storing { () async throws(StoreError) in
            try await store.completeUpload(
                upload.id,
                key: key,
                in: bucket,
                parts: plan.parts,
                checksums: plan.checksums,
                precondition: request.precondition,
                actor: exchange.actor
            )
        }
    }

    /// All parts of an upload, by number.
    private func parts(
        of upload: MultipartUpload,
        _ exchange: Exchange
    ) throws(S3Error) -> [Int: UploadedPart] {
        var all: [Int: UploadedPart] = [:]
        var marker = 0
        while true {
            let after = marker
            let page = try exchange.storing { () throws(StoreError) in
                try store.parts(of: upload, after: after, limit: S3Limits.partsPage)
            }
            for part in page { all[part.number] = part }
            guard page.count == S3Limits.partsPage, let last = page.last else { return all }
            marker = last.number
        }
    }

    private static func location(
        of key: ObjectKey,
        in bucket: Namespace,
        _ exchange: Exchange
    ) -> String {
        let scheme = exchange.request.isSecure ? "https" : "http"
        let host = exchange.headers["host"] ?? "localhost"
        return "\(scheme)://\(host)/\(bucket.name.text)/\(PercentCoding.encode(key.text))"
    }
}
