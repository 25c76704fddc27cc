import DiskIO
import Logging
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

/// The directories in which the index of some volumes may be, in the order in which they are tried.
///
/// The index is in one of them. Where it cannot be used since its disk fails or is read-only, it is made
/// anew in the next; so an index that is behind may be left in the first, and is brought forward or removed
/// at a later start.
struct IndexPlaces {
    /// At least one; that with the index that has come furthest comes first.
    let all: [String]
    /// The name of the log that an index must be of; nil if nothing says it yet.
    private let volumeName: String?

    /// The directory that is tried first.
    var first: String { all[0] }

    /// How far the index has come, by what it says; nil if there is none of this log.
    var state: IndexState? {
        guard let state = MetadataIndex.state(directory: first), state.volume == volumeName else {
            return nil
        }
        return state
    }

    /// Looks where the index is, before anything is opened.
    init(_ configuration: ObjectStoreConfiguration, fileSystem: any FileSystem) {
        self.init(
            [configuration.indexDirectory] + configuration.spareIndexDirectories,
            ofVolumesIn: configuration.volumeDirectories,
            fileSystem
        )
    }

    fileprivate init(
        _ directories: [String],
        ofVolumesIn volumeDirectories: [String],
        _ fileSystem: any FileSystem
    ) {
        let locations = volumeDirectories.map {
            VolumeLocation(directory: $0, fileSystem: fileSystem)
        }
        volumeName = VolumeSet.originID(of: locations)?.description
        all = MetadataIndex.ordered(directories, volume: volumeName)
    }

    /// Opens or makes the index in the first directory that takes it, and removes it from the others.
    ///
    /// - Throws: What the first failed of, if none takes it; at once what is not the directory's fault.
    func open(
        _ configuration: ObjectStoreConfiguration,
        _ volume: VolumeSet,
        _ logger: Logger
    ) throws -> IndexOpening.Current {
        var failure: (any Error)?
        for directory in all {
            let opening = IndexOpening(
                configuration: configuration,
                volume: volume,
                directory: directory,
                logger: logger
            )
            do {
                let current = try opening.open()
                for other in all where other != directory { MetadataIndex.forget(in: other) }
                return current
            } catch {
                guard Self.isOfDisk(error) else { throw error }
                failure = failure ?? error
                guard all.count > 1 else { continue }
                logger.error(
                    "the index cannot be used or made in a folder; another one is tried",
                    metadata: ["directory": "\(directory)", "error": "\(error)"]
                )
            }
        }
        throw failure ?? StoreOpenFailure.indexLost(directory: first)
    }

    /// Whether a failure is that of the disk of a directory, so that another may do.
    private static func isOfDisk(_ error: any Error) -> Bool {
        switch error {
        case let error as SQLiteError: error.code == .cannotOpen || IndexHealth.isOfDisk(error)
        case let error as DiskError: error.code != .outOfSpace
        default: false
        }
    }
}

extension ObjectStore {
    /// In which of several directories the index of some volumes is, that no process has open.
    ///
    /// - Parameters:
    ///   - directories: Where it may be, at least one.
    ///   - volumeDirectories: The volumes.
    ///   - fileSystem: The disk of the volumes.
    /// - Returns: That with the index that has come furthest; the first if there is none.
    public static func indexDirectory(
        among directories: [String],
        ofVolumesIn volumeDirectories: [String],
        fileSystem: any FileSystem
    ) -> String {
        IndexPlaces(directories, ofVolumesIn: volumeDirectories, fileSystem).first
    }
}
