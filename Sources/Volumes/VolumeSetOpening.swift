import DiskIO
import StorageFormats
import StorageModel

/// Opens the volumes of a Nave: who belongs to it, who holds the log, who is behind.
///
/// The volume with the highest epoch knows; a volume that it says is behind is not believed in
/// anything but its blobs, whose checksums speak for themselves.
struct VolumeSetOpening {
    /// What the steps found.
    struct Opened {
        let naveID: UniqueID
        let originID: UniqueID
        let copies: Int
        let members: [VolumeMember]
        let membership: VolumeMembership?
        /// Whether every volume has the membership in writing.
        let isWritten: Bool
        let logHolders: [VolumeMember]
        let threads: VolumeThreads
    }

    /// What a directory says before it is opened.
    struct Peek {
        let location: VolumeLocation
        var label: VolumeLabel?
        var membership: VolumeMembership?
        /// Why it cannot be read; a disk that fails is no reason to stop if others have it all.
        var failure: VolumeError?

        /// Whether a volume is to be made there.
        var isNew: Bool { label == nil && failure == nil }
    }

    let locations: [VolumeLocation]
    let configuration: VolumeSetConfiguration

    func open() throws(VolumeError) -> Opened {
        precondition(!locations.isEmpty, "a Nave has a volume")
        guard locations.count <= VolumeMembership.membersMax else {
            throw .copiesInvalid(copies: configuration.copies ?? 1, volumes: locations.count)
        }
        var peeks: [Peek] = []
        for location in locations { peeks.append(try peek(location)) }
        let naveID = try commonNave(peeks)
        if locations.count == 1, peeks[0].membership == nil {
            if let failure = peeks[0].failure { throw failure }
            return try openLone(peeks[0])
        }
        if let membership = try newest(peeks) { return try open(peeks, membership) }
        if let copies = configuration.copies, copies > locations.count {
            // Before a folder is made.
            throw .copiesInvalid(copies: copies, volumes: locations.count)
        }
        let begun = try begin(&peeks, naveID)
        return try open(peeks, begun)
    }

    // MARK: - One volume

    private func openLone(_ peek: Peek) throws(VolumeError) -> Opened {
        let copies = configuration.copies ?? 1
        guard copies == 1 else { throw .copiesInvalid(copies: copies, volumes: 1) }
        try requireBlobs(peek)
        let volume = try open(peek.location, configuration.volume)
        let member = VolumeMember(
            id: volume.label.volumeID,
            directory: volume.directory,
            volume: volume
        )
        return Opened(
            naveID: volume.label.naveID,
            originID: volume.originID,
            copies: 1,
            members: [member],
            membership: nil,
            isWritten: true,
            logHolders: [member],
            threads: try startThreads(1)
        )
    }

    // MARK: - Looking

    private func peek(_ location: VolumeLocation) throws(VolumeError) -> Peek {
        var peek = Peek(location: location)
        let layout = VolumeLayout(directory: location.directory)
        do throws(VolumeError) {
            if let bytes = try read(layout.label, VolumeLabel.encodedBytesMax, location) {
                do throws(FormatError) { peek.label = try VolumeLabel(decoding: bytes) } catch {
                    throw Self.invalid(layout.label, error) { .labelInvalid(path: $0, $1) }
                }
            }
            if let bytes = try read(layout.members, VolumeMembership.encodedBytesMax, location) {
                do throws(FormatError) {
                    peek.membership = try VolumeMembership(decoding: bytes)
                } catch {
                    throw Self.invalid(layout.members, error) {
                        .membershipInvalid(path: $0, $1)
                    }
                }
            }
        } catch .readFailed(let error) {
            peek.failure = .readFailed(error)
        }
        return peek
    }

    private static func invalid(
        _ path: String,
        _ error: FormatError,
        _ other: (String, FormatError) -> VolumeError
    ) -> VolumeError {
        if case .versionUnknown(let version) = error {
            return .versionUnknown(path: path, version: version)
        }
        return other(path, error)
    }

    private func read(
        _ path: String,
        _ bytesMax: Int,
        _ location: VolumeLocation
    ) throws(VolumeError) -> [UInt8]? {
        do throws(DiskError) {
            return try location.fileSystem.open(path, .readOnly).read(bytesMax + 1, at: 0)
        } catch  where error.code == .notFound {
            return nil
        } catch {
            throw .readFailed(error)
        }
    }

    /// The Nave that all labels name; nil if there are none.
    private func commonNave(_ peeks: [Peek]) throws(VolumeError) -> UniqueID? {
        var naveID = configuration.volume.naveID
        var first: [UniqueID: String] = [:]
        for peek in peeks {
            guard let label = peek.label else { continue }
            if let naveID, naveID != label.naveID {
                throw .foreign(
                    directory: peek.location.directory,
                    expected: naveID,
                    found: label.naveID
                )
            }
            naveID = label.naveID
            if let other = first[label.volumeID] {
                throw .volumeTwice(directory: other, other: peek.location.directory)
            }
            first[label.volumeID] = peek.location.directory
        }
        return naveID
    }

    /// The membership that is to be believed: that of the highest epoch, mostly.
    ///
    /// - Throws: `.membershipSplit` if two volumes have gone on without each other, `.volumeForgotten`.
    func newest(_ peeks: [Peek]) throws(VolumeError) -> VolumeMembership? {
        var found: [MembershipChoice.Found] = []
        var directories: [String] = []
        for peek in peeks {
            guard let membership = peek.membership, let label = peek.label else { continue }
            found.append(MembershipChoice.Found(membership, on: label.volumeID))
            directories.append(peek.location.directory)
        }
        switch MembershipChoice(of: found) {
        case .none: return nil
        case .believed(let membership):
            try refuseForgotten(peeks, by: membership)
            return membership
        case .split(let one, let other):
            try refuseForgotten(peeks)
            throw .membershipSplit(directory: directories[one], other: directories[other])
        }
    }

    /// The membership of volumes that have none: of a new Nave, or of one that had a single volume.
    private func begin(
        _ peeks: inout [Peek],
        _ naveID: UniqueID?
    ) throws(VolumeError) -> VolumeMembership {
        for peek in peeks { if let failure = peek.failure { throw failure } }
        var first = peeks.indices.first { holdsOwnLog(peeks[$0]) }
        if first == nil {
            guard peeks.allSatisfy({ $0.label == nil }) else {
                let labelled = peeks.first { $0.label != nil }
                throw .logSegmentMissing(
                    position: LogPosition(0),
                    directory: labelled?.location.directory ?? ""
                )
            }
            first = 0
        }
        guard let first else { throw .volumeFailed }
        let label = try makeFirst(peeks[first].location, naveID)
        peeks[first].label = label
        return VolumeMembership(
            naveID: label.naveID,
            first: label.volumeID,
            copies: configuration.copies ?? 1
        )
    }

    /// Makes the volume that a Nave begins with, unless it is there; it is opened with the others.
    private func makeFirst(
        _ location: VolumeLocation,
        _ naveID: UniqueID?
    ) throws(VolumeError) -> VolumeLabel {
        var own = configuration.volume
        own.naveID = naveID
        return try open(location, own).label
    }

    private func holdsOwnLog(_ peek: Peek) -> Bool {
        guard peek.label != nil else { return false }
        let layout = VolumeLayout(directory: peek.location.directory)
        let names = (try? peek.location.fileSystem.list(layout.log)) ?? []
        return names.contains { VolumeLayout.segmentPosition(ofName: $0) != nil }
    }

    // MARK: - Opening

    /// Opens all volumes; passes over damaged records only where no volume has the log without.
    private func open(
        _ peeks: [Peek],
        _ found: VolumeMembership
    ) throws(VolumeError) -> Opened {
        try checkCount(peeks, found)
        do throws(VolumeError) {
            return try open(peeks, found, .refused)
        } catch {
            guard error.isOfLogBytes, configuration.volume.damagedRecords == .passed else {
                throw error
            }
            return try open(peeks, found, .passed)
        }
    }

    private func open(
        _ peeks: [Peek],
        _ found: VolumeMembership,
        _ damaged: DamagedRecords
    ) throws(VolumeError) -> Opened {
        var membership = found
        var firstFailure: VolumeError?
        var opened: [Int: VolumeMember] = [:]
        for place in peeks.indices where !peeks[place].isNew {
            opened[place] = try self.present(peeks[place], &membership, damaged, &firstFailure)
        }
        // What those that are there refuse leaves no new one behind.
        let present = peeks.indices.compactMap { opened[$0] }
        let holders = try LogHolders(present)
        guard let counted = holders.alike.first else {
            throw firstFailure ?? .logUnavailable(missing: membership.log)
        }
        try LogDivergence.refuse(among: present, knownTo: found, beside: counted)
        for place in peeks.indices where peeks[place].isNew {
            opened[place] = try self.present(peeks[place], &membership, damaged, &firstFailure)
        }
        var members = peeks.indices.compactMap { opened[$0] }
        for id in membership.members where !members.contains(where: { $0.id == id }) {
            // It holds the log no more, even if payloads were all that it was known to lack.
            if !membership.behind.contains(id) || membership.log.contains(id) {
                membership.setBehind(id)
            }
            members.append(VolumeMember(id: id, directory: "", volume: nil))
            configuration.onEvent(.missing(id))
        }
        for member in holders.givenUp { membership.setBehind(member.id) }
        let lacking = lackingBlobs(present, membership)
        for member in lacking { configuration.onEvent(.blobsMissing(directory: member.directory)) }
        if !membership.isThin,
            !lacking.isEmpty || members.contains(where: { isBehind($0, membership) })
        {
            // Payloads are written there from now on, and it may be away again at the next start.
            membership.setThin()
        }
        return Opened(
            naveID: membership.naveID,
            originID: membership.originID,
            copies: configuration.copies ?? membership.copies,
            members: members,
            membership: membership,
            isWritten: peeks.allSatisfy { $0.membership == membership },
            logHolders: holders.alike,
            threads: try startThreads(members.count)
        )
    }

    /// Opens a directory, or goes on without it if its disk fails; nil if nothing is known of it.
    private func present(
        _ peek: Peek,
        _ membership: inout VolumeMembership,
        _ damaged: DamagedRecords,
        _ firstFailure: inout VolumeError?
    ) throws(VolumeError) -> VolumeMember? {
        if let failure = peek.failure {
            configuration.onEvent(.unreadable(directory: peek.location.directory, failure))
            firstFailure = firstFailure ?? failure
            return nil
        }
        do throws(VolumeError) {
            return try member(peek, &membership, damaged)
        } catch {
            // A disk that fails is done without if another volume has the log.
            guard let id = peek.label?.volumeID, membership.contains(id),
                error.isDisk || error.isLog
            else { throw error }
            firstFailure = firstFailure ?? error
            membership.setBehind(id)
            return try withoutLog(peek, id, membership, error)
        }
    }

    private func isBehind(_ member: VolumeMember, _ membership: VolumeMembership) -> Bool {
        member.volume != nil && membership.behind.contains(member.id)
    }

    /// Opens a directory as what the membership says it is; one that is new joins.
    private func member(
        _ peek: Peek,
        _ membership: inout VolumeMembership,
        _ damaged: DamagedRecords
    ) throws(VolumeError) -> VolumeMember {
        if membership.copies == 1 { try requireBlobs(peek) }
        let holding = peek.label.map { membership.log.contains($0.volumeID) } ?? false
        var settings = settings(membership, holding ? .whole : .none)
        settings.damagedRecords = damaged
        let volume = try open(peek.location, settings)
        if !membership.contains(volume.label.volumeID) {
            let count = membership.members.count + 1
            guard count <= VolumeMembership.membersMax else {
                throw .copiesInvalid(copies: membership.copies, volumes: count)
            }
            membership.add(volume.label.volumeID)
            configuration.onEvent(.joined(directory: volume.directory))
        }
        return VolumeMember(
            id: volume.label.volumeID,
            directory: volume.directory,
            volume: volume
        )
    }

    /// A volume whose log cannot be used: its payloads may still be whole.
    private func withoutLog(
        _ peek: Peek,
        _ id: UniqueID,
        _ membership: VolumeMembership,
        _ error: VolumeError
    ) throws(VolumeError) -> VolumeMember {
        let directory = peek.location.directory
        do throws(VolumeError) {
            let volume = try open(peek.location, settings(membership, .none))
            return VolumeMember(id: id, directory: directory, volume: volume)
        } catch {
            guard error.isDisk else { throw error }
            configuration.onEvent(.unreadable(directory: directory, error))
            return VolumeMember(id: id, directory: directory, volume: nil, failure: error)
        }
    }

    private func settings(
        _ membership: VolumeMembership,
        _ holding: LogHolding
    ) -> VolumeConfiguration {
        var settings = configuration.volume
        settings.naveID = membership.naveID
        settings.originID = membership.originID
        settings.logHolding = holding
        return settings
    }

    private func open(
        _ location: VolumeLocation,
        _ settings: VolumeConfiguration
    ) throws(VolumeError) -> Volume {
        try Volume.open(
            directory: location.directory,
            fileSystem: location.fileSystem,
            settings
        )
    }

    private func startThreads(_ count: Int) throws(VolumeError) -> VolumeThreads {
        do throws(DiskError) {
            return try VolumeThreads(volumeCount: count, configuration.calls)
        } catch {
            throw .readFailed(error)
        }
    }
}
