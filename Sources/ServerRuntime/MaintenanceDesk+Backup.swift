import DiskIO
import FoundationEssentials
import Maintenance
import StorageModel

extension MaintenanceDesk {
    /// Copies the present state of the folder into a backup, by the server that runs on it or else
    /// here.
    ///
    /// - Parameter target: The directory of the backup.
    /// - Returns: What was done.
    /// - Throws: ``ServerError``.
    public func backUp(to target: String) async throws -> MaintenanceOutcome {
        let target = Self.absolute(target)
        try requireVolume()
        let folders = try DataFolders(servedWith: folder.path)
        guard !FolderNesting.isInside(target, folders) else {
            throw ServerError(.targetInside(path: target), folder: folder.path)
        }
        do {
            return try await backUpHere(to: target)
        } catch ServerError.dataInUse {
            return try await backUpByServer(to: target)
        }
    }

    private func backUpHere(to target: String) async throws -> MaintenanceOutcome {
        try requireAll(hint: nil)
        let folders = try DataFolders(servedWith: folder.path)
        return try await withStore(hint: nil) { store in
            let backup = Backup(
                of: store,
                to: target,
                fileSystem: PosixFileSystem(),
                companions: folders.companions,
                clock: SystemClock.now
            )
            let report = try await working(hint: Self.stopHint) { () throws(MaintenanceError) in
                try backup.run { show($0) }
            }
            return MaintenanceOutcome(
                BackupOutcome(
                    target: target,
                    copiedBlobs: report.copiedBlobs,
                    copiedBytes: report.copiedLogBytes + report.copiedBlobBytes,
                    removedFiles: report.removedFiles,
                    position: report.manifest.position.bytes,
                    damagedBlobs: report.manifest.damagedPayloadCount,
                    damage: report.damage.map { DisagreementDocument($0).line }
                )
            )
        }
    }

    // MARK: - By the server

    /// What the server says of a backup.
    private struct Answer: Decodable {
        let state: String?
        let stage: String?
        let items: Int64?
        let bytes: Int64?
        let totalBytes: Int64?
        let copiedBlobs: Int64?
        let copiedBytes: Int64?
        let removedFiles: Int64?
        let position: Int64?
        let damagedBlobs: Int64?
        let damage: [String]?
        let detail: String?
    }

    private func backUpByServer(to target: String) async throws -> MaintenanceOutcome {
        let client = try ControlClient(of: folder)
        let begun = try client.send("POST", "/v1/backups?target=\(Self.encoded(target))")
        guard begun.status == 202 else {
            let detail = (try? decode(begun))?.detail
            throw ServerError.refusedByServer(
                status: begun.status,
                message: detail ?? String(decoding: begun.body, as: UTF8.self)
            )
        }
        while true {
            try await Task.sleep(for: .milliseconds(200))
            let answer = try decode(try client.send("GET", "/v1/backups"))
            switch answer.state {
            case "running":
                let stage = answer.stage.flatMap(MaintenanceProgress.Stage.init) ?? .blobs
                show(
                    MaintenanceProgress(
                        stage: stage,
                        items: answer.items ?? 0,
                        bytes: answer.bytes ?? 0,
                        totalBytes: answer.totalBytes ?? 0
                    )
                )
            case "done":
                return MaintenanceOutcome(
                    BackupOutcome(
                        target: target,
                        copiedBlobs: answer.copiedBlobs ?? 0,
                        copiedBytes: answer.copiedBytes ?? 0,
                        removedFiles: answer.removedFiles ?? 0,
                        position: answer.position ?? 0,
                        damagedBlobs: answer.damagedBlobs ?? 0,
                        damage: answer.damage ?? []
                    )
                )
            default:
                throw ServerError.maintenanceFailed(answer.detail ?? "The backup was given up.")
            }
        }
    }

    private func decode(_ answer: ControlClient.Answer) throws(ServerError) -> Answer {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(Answer.self, from: Data(answer.body))
        } catch {
            throw .refusedByServer(status: answer.status, message: "an answer of another shape")
        }
    }

    /// A path as the value of a query, or any text as a part of a target.
    static func encoded(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}

/// What a backup did, wherever it was made.
struct BackupOutcome: Encodable {
    let event = "backup"
    let target: String
    let copiedBlobs: Int64
    let copiedBytes: Int64
    let removedFiles: Int64
    let position: Int64
    let damagedBlobs: Int64
    let damage: [String]
}
