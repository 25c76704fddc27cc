import Glibc
import SeededRandom

/// The state of a simulated disk and what calls do to it.
struct SimulatedDisk: Sendable {
    var files: [Int: SimulatedNode] = [:]
    var directories: [Int: SimulatedDirectory] = [0: SimulatedDirectory()]
    var locked: Set<Int> = []
    var plan = FaultPlan()
    var callCount = 0
    var isCrashed = false
    private var random: SeededGenerator
    private var capacityBytes: Int64
    private var nextNumber = 1

    init(seed: UInt64, capacityBytes: Int64) {
        random = SeededGenerator(seed: seed)
        self.capacityBytes = capacityBytes
    }

    /// Counts a call and lets it succeed, fail, or be the last.
    mutating func perform<Value>(
        _ operation: DiskError.Operation,
        _ path: String,
        _ body: (inout SimulatedDisk) throws(DiskError) -> Value
    ) throws(DiskError) -> Value {
        let crashed = DiskError(.crashed, errorNumber: 0, operation, path: path)
        guard !isCrashed else { throw crashed }
        callCount += 1
        if let errorNumber = plan.failures[callCount] {
            throw DiskError(errorNumber: errorNumber, operation, path: path)
        }
        let isDead = plan.dead.contains { root, call in
            callCount >= call && (path == root || path.hasPrefix(root + "/"))
        }
        guard !isDead else { throw DiskError(errorNumber: EIO, operation, path: path) }
        guard callCount != plan.crashAtCall else {
            // A flush that the power loss cut short promises nothing, which is the same as none.
            let isFlush = operation == .synchronizeData || operation == .synchronizeDirectory
            if !isFlush, Bool.random(using: &random) { _ = try? body(&self) }
            isCrashed = true
            throw crashed
        }
        return try body(&self)
    }

    /// How much of a read or write is done: all, or less where the plan says so.
    mutating func shortened(_ count: Int) -> Int {
        guard count > 1, Int.random(in: 0..<100, using: &random) < plan.shortPercent else {
            return count
        }
        return Int.random(in: 1..<count, using: &random)
    }

    // MARK: - Files and names

    mutating func open(_ path: String, _ access: FileAccess) throws(DiskError) -> Int {
        let (directory, name) = try parent(of: path, .open)
        switch directories[directory]?.seen[name] {
        case .directory:
            throw DiskError(errorNumber: EISDIR, .open, path: path)
        case .file(let number):
            if access == .createNew { throw DiskError(errorNumber: EEXIST, .open, path: path) }
            if access == .createOrReplace { files[number]?.apply(.resize(0)) }
            return number
        case nil:
            guard access == .createNew || access == .createOrReplace else {
                throw DiskError(errorNumber: ENOENT, .open, path: path)
            }
            let number = takeNumber()
            files[number] = SimulatedNode()
            directories[directory]?.apply(.link(name, .file(number)))
            return number
        }
    }

    mutating func makeDirectory(_ path: String) throws(DiskError) {
        let (directory, name) = try parent(of: path, .makeDirectory)
        guard directories[directory]?.seen[name] == nil else {
            throw DiskError(errorNumber: EEXIST, .makeDirectory, path: path)
        }
        let number = takeNumber()
        directories[number] = SimulatedDirectory()
        directories[directory]?.apply(.link(name, .directory(number)))
    }

    mutating func rename(_ source: String, to target: String) throws(DiskError) {
        let (from, oldName) = try parent(of: source, .rename)
        let (to, newName) = try parent(of: target, .rename)
        guard let entry = directories[from]?.seen[oldName] else {
            throw DiskError(errorNumber: ENOENT, .rename, path: source)
        }
        guard from == to else { throw DiskError(errorNumber: EXDEV, .rename, path: source) }
        directories[from]?.apply(.rename(oldName, to: newName, entry))
    }

    mutating func remove(_ path: String) throws(DiskError) {
        let (directory, name) = try parent(of: path, .remove)
        guard case .file = directories[directory]?.seen[name] else {
            throw DiskError(errorNumber: ENOENT, .remove, path: path)
        }
        directories[directory]?.apply(.unlink(name))
    }

    mutating func removeDirectory(_ path: String) throws(DiskError) {
        guard try self.directory(at: path, .remove).seen.isEmpty else {
            throw DiskError(errorNumber: ENOTEMPTY, .remove, path: path)
        }
        let (directory, name) = try parent(of: path, .remove)
        directories[directory]?.apply(.unlink(name))
    }

    mutating func synchronizeDirectory(_ path: String) throws(DiskError) {
        guard case .directory(let number) = entry(at: path) else {
            throw DiskError(errorNumber: ENOENT, .synchronizeDirectory, path: path)
        }
        directories[number]?.flush()
    }

    mutating func lock(_ path: String) throws(DiskError) -> Int {
        let number: Int
        if let found = fileNumber(at: path) {
            number = found
        } else {
            number = try open(path, .createNew)
        }
        guard locked.insert(number).inserted else {
            throw DiskError(errorNumber: EWOULDBLOCK, .lock, path: path)
        }
        return number
    }

    func directory(at path: String, _ operation: DiskError.Operation) throws(DiskError)
        -> SimulatedDirectory
    {
        switch entry(at: path) {
        case .directory(let number): return directories[number] ?? SimulatedDirectory()
        case .file: throw DiskError(errorNumber: ENOTDIR, operation, path: path)
        case nil: throw DiskError(errorNumber: ENOENT, operation, path: path)
        }
    }

    func status(_ path: String) -> FileStatus? {
        switch entry(at: path) {
        case .directory: FileStatus(kind: .directory, sizeBytes: 0, allocatedBytes: 0)
        case .file(let number):
            FileStatus(
                kind: .file,
                sizeBytes: Int64(files[number]?.seen.count ?? 0),
                allocatedBytes: Int64(files[number]?.seen.count ?? 0)
            )
        case nil: nil
        }
    }

    func fileNumber(at path: String) -> Int? {
        guard case .file(let number) = entry(at: path) else { return nil }
        return number
    }

    /// The room that is left by the files that have a name.
    var space: DiskSpace {
        DiskSpace(
            availableBytes: max(0, capacityBytes - usedBytes),
            totalBytes: capacityBytes
        )
    }

    private var usedBytes: Int64 {
        var used: Int64 = 0
        for directory in directories.values {
            for case .file(let number) in directory.seen.values {
                used += Int64(files[number]?.seen.count ?? 0)
            }
        }
        return used
    }

    /// Makes the disk so small, or large, that so much fits yet.
    mutating func leaveRoom(_ bytes: Int64) { capacityBytes = usedBytes + bytes }

    private func entry(at path: String) -> SimulatedDirectory.Entry? {
        var entry = SimulatedDirectory.Entry.directory(0)
        for name in path.split(separator: "/") where name != "." {
            guard case .directory(let number) = entry,
                let next = directories[number]?.seen[String(name)]
            else { return nil }
            entry = next
        }
        return entry
    }

    private func parent(of path: String, _ operation: DiskError.Operation) throws(DiskError)
        -> (directory: Int, name: String)
    {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let parent = SimulatedFileSystem.parent(of: path)
        guard case .directory(let number) = entry(at: parent) else {
            throw DiskError(errorNumber: ENOENT, operation, path: path)
        }
        return (number, name)
    }

    private mutating func takeNumber() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    // MARK: - Faults

    mutating func loseUnflushed(_ number: Int) {
        files[number]?.loseUnflushed(using: &random)
    }

    mutating func flipBit(_ bit: Int, ofByte offset: Int, in path: String) {
        guard let number = fileNumber(at: path) else { return }
        files[number]?.flipBit(bit, ofByte: offset)
    }

    /// The disk that is found when the power comes back.
    func afterPowerLoss(seed: UInt64) -> SimulatedDisk {
        var random = SeededGenerator(seed: seed)
        var found = SimulatedDisk(seed: random.next(), capacityBytes: capacityBytes)
        found.nextNumber = nextNumber
        for (number, directory) in directories.sorted(by: { $0.key < $1.key }) {
            found.directories[number] = directory.afterPowerLoss(using: &random)
        }
        for (number, file) in files.sorted(by: { $0.key < $1.key }) {
            found.files[number] = file.afterPowerLoss(using: &random)
        }
        found.dropUnreachable()
        return found
    }

    /// The disk that is found when only the process ended.
    func afterProcessEnd() -> SimulatedDisk {
        var found = self
        found.locked = []
        found.plan = FaultPlan()
        found.callCount = 0
        found.isCrashed = false
        found.dropUnreachable()
        return found
    }

    /// Forgets files and directories that have no name, neither seen nor on the device.
    private mutating func dropUnreachable() {
        var reached: Set<Int> = [0]
        var open = [0]
        while let number = open.popLast() {
            for entry in directories[number]?.allEntries ?? [] {
                switch entry {
                case .file(let file): reached.insert(file)
                case .directory(let directory):
                    if reached.insert(directory).inserted { open.append(directory) }
                }
            }
        }
        files = files.filter { reached.contains($0.key) }
        directories = directories.filter { reached.contains($0.key) }
    }
}
