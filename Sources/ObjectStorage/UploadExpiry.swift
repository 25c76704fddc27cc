import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

/// Aborts multipart uploads that were begun long ago and never completed.
///
/// Source: Amazon S3 User Guide, "Configuring a bucket lifecycle configuration to delete incomplete
/// multipart uploads": the age counts from the beginning of the upload.
struct UploadExpiry {
    let index: MetadataIndex
    let names: NameDirectory
    let limits: StoreLimits
    let clock: @Sendable () -> WallTime
    let pace: BackgroundPace
    let logger: Logger

    /// Uploads that are asked for at a time.
    private static let pageMax = 64

    /// Aborts what is older than ``StoreLimits/uploadExpirySeconds``.
    ///
    /// - Returns: How many uploads.
    /// - Throws: ``StoreError``; what was aborted before stays so.
    func run() throws(StoreError) -> Int {
        guard limits.uploadExpirySeconds > 0 else { return 0 }
        let (age, overflow) = limits.uploadExpirySeconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return 0 }
        let limit = WallTime(milliseconds: clock().milliseconds &- age)
        var count = 0
        var last = UploadID("")
        while pace.goesOn {
            let uploads = try page(limit, after: last)
            for upload in uploads where pace.goesOn {
                if try abort(upload) { count += 1 }
                last = upload.id
            }
            if uploads.count < Self.pageMax { break }
        }
        if count > 0 {
            logger.notice("abandoned uploads aborted", metadata: ["count": "\(count)"])
        }
        return count
    }

    private func page(
        _ limit: WallTime,
        after last: UploadID
    ) throws(StoreError) -> [MultipartUpload] {
        do throws(SQLiteError) {
            return try index.read { reader throws(SQLiteError) in
                try reader.uploads(initiatedBefore: limit, after: last, limit: Self.pageMax)
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// False if the upload was completed or aborted meanwhile.
    private func abort(_ upload: MultipartUpload) throws(StoreError) -> Bool {
        let line = upload.namespaceLine
        guard let namespace = names.read({ $0.namespace(line: line) }) else { return false }
        do throws(StoreError) {
            _ = try pace.commit(.abortUpload(upload.id, key: upload.key, in: namespace))
            return true
        } catch {
            switch error {
            case .uploadMissing, .namespaceMissing: return false
            default: throw error
            }
        }
    }
}
