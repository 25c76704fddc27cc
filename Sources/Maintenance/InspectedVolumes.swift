import DiskIO
import StorageFormats
import StorageModel
import Volumes

/// The volumes that a check looks at, and what they say of one another.
struct InspectedVolumes {
    /// All that were named and can be read; at least one.
    let all: [VolumeAudit]
    /// Those that hold the whole log; at least one.
    let logHolders: [VolumeAudit]
    /// On how many volumes everything should be.
    let copies: Int
    /// What is wrong with the set of them.
    let disagreements: [Disagreement]

    /// Takes the volumes of some directories, which no process may use.
    ///
    /// One whose disk fails is a disagreement as long as another can be read.
    ///
    /// - Throws: ``MaintenanceError`` if one is no volume, is in use, or belongs to another Nave, or none
    ///   can be read.
    init(_ directories: [String], _ fileSystem: any FileSystem) throws(MaintenanceError) {
        var all: [VolumeAudit] = []
        var unreadable: [(directory: String, error: DiskError)] = []
        for directory in directories {
            do throws(VolumeError) {
                let audit = try VolumeAudit.open(directory: directory, fileSystem: fileSystem)
                if let first = all.first, first.label.naveID != audit.label.naveID {
                    throw .foreign(
                        directory: directory,
                        expected: first.label.naveID,
                        found: audit.label.naveID
                    )
                }
                all.append(audit)
            } catch .readFailed(let error) {
                unreadable.append((directory, error))
            } catch {
                throw MaintenanceError(error, directory: directory)
            }
        }
        if all.isEmpty, let (directory, error) = unreadable.first {
            throw MaintenanceError(.readFailed(error), directory: directory)
        }
        let failed = unreadable.map {
            Disagreement(.volumeUnreadable, path: $0.directory, detail: "\($0.error)")
        }
        self.all = all
        let newest = all.compactMap(\.membership).max { $0.epoch < $1.epoch }
        guard let newest else {
            // A volume that was always alone; a second one with no word of the first is none of its.
            logHolders = [all[0]]
            copies = 1
            disagreements = failed
            return
        }
        let holders = all.filter { newest.log.contains($0.label.volumeID) }
        guard !holders.isEmpty else {
            let missing = newest.log.map(\.description)
            throw MaintenanceError(.logUnavailable(missing: newest.log), directory: missing[0])
        }
        logHolders = holders
        copies = newest.copies
        disagreements = failed + Self.compare(all, newest)
    }

    /// Takes a backup, which is one volume that nobody opens.
    init(backup: VolumeAudit) {
        all = [backup]
        logHolders = [backup]
        copies = 1
        disagreements = []
    }

    private static func compare(
        _ all: [VolumeAudit],
        _ membership: VolumeMembership
    ) -> [Disagreement] {
        var disagreements: [Disagreement] = []
        for id in membership.members {
            let audit = all.first { $0.label.volumeID == id }
            guard let audit else {
                // One that is gone for good stays in the list, and is named only if it is relied on.
                if !membership.behind.contains(id) {
                    disagreements.append(
                        Disagreement(.volumeMissing, path: all[0].directory, detail: id.description)
                    )
                }
                continue
            }
            if membership.behind.contains(id) {
                disagreements.append(
                    Disagreement(
                        .volumeBehind,
                        path: audit.directory,
                        detail: "a server brings it up to date"
                    )
                )
            }
        }
        return disagreements
    }

    /// The first volume whose log can be read from end to end; the first of all if there is none.
    ///
    /// - Throws: ``VolumeError``.
    func source() throws(VolumeError) -> VolumeAudit {
        guard logHolders.count > 1 else { return logHolders[0] }
        candidates: for audit in logHolders {
            do throws(VolumeError) {
                let end = try audit.logEnd(flushed: LogPosition(0))
                // What lies before a snapshot may have been taken out of the log.
                let start = try audit.snapshots().first?.position
                var log = try audit.log(from: start, to: end)
                while let step = try log.next() {
                    if case .damage = step { continue candidates }
                }
                return audit
            } catch {
                continue
            }
        }
        return logHolders[0]
    }
}
