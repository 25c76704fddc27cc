import SeededRandom

/// A file of a simulated disk: its bytes as processes see them and as the device holds them.
struct SimulatedNode: Sendable {
    /// A change that is not flushed.
    enum Change: Sendable {
        case write(offset: Int, [UInt8])
        case resize(Int)
    }

    private static let sectorBytes = 512

    /// What processes see.
    private(set) var seen: [UInt8] = []
    /// What the device holds for sure.
    private var flushed: [UInt8] = []
    private var pending: [Change] = []

    mutating func apply(_ change: Change) {
        Self.apply(change, to: &seen)
        pending.append(change)
    }

    mutating func flush() {
        for change in pending { Self.apply(change, to: &flushed) }
        pending = []
    }

    mutating func flipBit(_ bit: Int, ofByte offset: Int) {
        if offset < seen.count { seen[offset] ^= 1 << UInt8(bit) }
        if offset < flushed.count { flushed[offset] ^= 1 << UInt8(bit) }
    }

    /// A flush failed: the device holds some of the pending changes and never gets the rest.
    mutating func loseUnflushed(using random: inout SeededGenerator) {
        flushed = someOfPending(using: &random)
        pending = []
    }

    func afterPowerLoss(using random: inout SeededGenerator) -> SimulatedNode {
        var found = SimulatedNode()
        found.seen = someOfPending(using: &random)
        found.flushed = found.seen
        return found
    }

    /// The flushed bytes with each sector, and the length, as after some number of the pending
    /// changes.
    private func someOfPending(using random: inout SeededGenerator) -> [UInt8] {
        guard !pending.isEmpty else { return flushed }
        // One power loss in five keeps all, one nothing, and one what came before some moment.
        let style = Int.random(in: 0..<5, using: &random)
        if style == 0 { return flushed }
        if style == 1 { return flushed(with: pending[...]) }
        if style == 2 {
            return flushed(with: pending.prefix(Int.random(in: 0..<pending.count, using: &random)))
        }
        var versions = [flushed]
        for change in pending {
            var next = versions[versions.count - 1]
            Self.apply(change, to: &next)
            versions.append(next)
        }
        let size = versions[Int.random(in: 0..<versions.count, using: &random)].count
        var found = [UInt8](repeating: 0, count: size)
        for start in stride(from: 0, to: size, by: Self.sectorBytes) {
            let version = versions[Int.random(in: 0..<versions.count, using: &random)]
            let end = min(start + Self.sectorBytes, size, version.count)
            if end > start { found.replaceSubrange(start..<end, with: version[start..<end]) }
        }
        return found
    }

    private func flushed(with changes: ArraySlice<Change>) -> [UInt8] {
        var bytes = flushed
        for change in changes { Self.apply(change, to: &bytes) }
        return bytes
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let offset, let written):
            if bytes.count < offset + written.count {
                bytes += [UInt8](repeating: 0, count: offset + written.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + written.count, with: written)
        case .resize(let size):
            if size < bytes.count {
                bytes.removeSubrange(size...)
            } else {
                bytes += [UInt8](repeating: 0, count: size - bytes.count)
            }
        }
    }
}

/// A directory of a simulated disk: its names as processes see them and as the device holds them.
struct SimulatedDirectory: Sendable {
    /// What a name leads to.
    enum Entry: Hashable, Sendable {
        case file(Int)
        case directory(Int)
    }

    /// A change that is not flushed.
    enum Change: Sendable {
        case link(String, Entry)
        case unlink(String)
        case rename(String, to: String, Entry)
    }

    /// What processes see.
    private(set) var seen: [String: Entry] = [:]
    private var flushed: [String: Entry] = [:]
    private var pending: [Change] = []

    /// What has a name, to processes or on the device, or may have one after a power loss.
    var allEntries: [Entry] {
        Array(seen.values) + Array(flushed.values)
            + pending.compactMap { change in
                if case .link(_, let entry) = change { entry } else { nil }
            }
    }

    mutating func apply(_ change: Change) {
        Self.apply(change, to: &seen)
        pending.append(change)
    }

    mutating func flush() {
        flushed = seen
        pending = []
    }

    /// The flushed names with a part of the pending changes, in order.
    func afterPowerLoss(using random: inout SeededGenerator) -> SimulatedDirectory {
        let keptPercent = [0, 50, 80, 100][Int.random(in: 0..<4, using: &random)]
        var found = SimulatedDirectory()
        found.flushed = flushed
        for change in pending where Int.random(in: 0..<100, using: &random) < keptPercent {
            Self.apply(change, to: &found.flushed)
        }
        found.seen = found.flushed
        return found
    }

    private static func apply(_ change: Change, to names: inout [String: Entry]) {
        switch change {
        case .link(let name, let entry): names[name] = entry
        case .unlink(let name): names[name] = nil
        case .rename(let source, let target, let entry):
            // The two names change together; where the first link was lost, so is the rename.
            guard names[source] == entry else { return }
            names[source] = nil
            names[target] = entry
        }
    }
}
