import DiskIO
import Foundation
import SeededRandom
import Testing

/// One suite of rules for every implementation of the seam.
@Suite struct FileSystemConformanceTests {
    /// An implementation and a directory of its own.
    struct Subject: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let fileSystem: any FileSystem
        let directory: String
    }

    static let subjects = [
        Subject(
            testDescription: "operating system",
            fileSystem: PosixFileSystem(),
            directory: FileManager.default.temporaryDirectory.appending(path: "nave-\(UUID())").path
        ),
        Subject(
            testDescription: "simulated",
            fileSystem: SimulatedFileSystem(seed: 1),
            directory: "/top/data"
        ),
    ]

    static func code(_ body: () throws(DiskError) -> Void) -> DiskError.Code? {
        do throws(DiskError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: subjects)
    func `files, names and locks behave as POSIX says`(_ subject: Subject) throws {
        let disk = subject.fileSystem
        let top = "\(subject.directory)/\(UUID())"
        try disk.makeDirectories(top)
        try disk.makeDirectories(top)
        #expect(try disk.status(top)?.kind == .directory)
        #expect(try disk.list(top) == [])
        #expect(try disk.status("\(top)/none") == nil)
        #expect(
            Self.code { () throws(DiskError) in _ = try disk.open("\(top)/a", .readOnly) }
                == .notFound
        )
        #expect(
            Self.code { () throws(DiskError) in _ = try disk.open("\(top)/x/a", .createNew) }
                == .notFound
        )
        #expect(Self.code { () throws(DiskError) in try disk.makeDirectory(top) } == .alreadyExists)
        #expect(Self.code { () throws(DiskError) in try disk.remove("\(top)/a") } == .notFound)
        #expect(Self.code { () throws(DiskError) in _ = try disk.list("\(top)/a") } == .notFound)

        let file = try disk.open("\(top)/a", .createNew)
        #expect(
            Self.code { () throws(DiskError) in _ = try disk.open("\(top)/a", .createNew) }
                == .alreadyExists
        )
        try file.write(Array("hello".utf8), at: 3)
        #expect(try file.sizeBytes() == 8)
        #expect(try file.read(100, at: 0) == [0, 0, 0] + Array("hello".utf8))
        #expect(try file.read(2, at: 6) == Array("lo".utf8))
        #expect(try file.read(10, at: 8) == [])
        try file.truncate(to: 4)
        try file.truncate(to: 6)
        #expect(try file.read(100, at: 0) == [0, 0, 0, UInt8(ascii: "h"), 0, 0])
        try file.synchronizeData()
        try file.startWriteback(0..<4)
        try file.punchHole(0..<2)
        file.expectSequentialReading()
        let reader = try disk.open("\(top)/a", .readOnly)
        #expect(Self.code { () throws(DiskError) in try reader.write([1], at: 0) } != nil)

        try disk.rename("\(top)/a", to: "\(top)/b")
        try disk.synchronizeDirectory(top)
        #expect(try disk.list(top) == ["b"])
        try disk.remove("\(top)/b")
        #expect(try file.sizeBytes() == 6)
        _ = try disk.open("\(top)/ä", .createOrReplace)
        _ = try disk.open("\(top)/Z", .createOrReplace)
        #expect(try disk.list(top) == ["Z", "ä"])
        let isFile = Self.code { () throws(DiskError) in try disk.makeDirectories("\(top)/Z") }
        #expect(isFile == .notADirectory)
        try disk.makeDirectory("\(top)/folder")
        _ = try disk.open("\(top)/folder/a", .createNew)
        #expect(
            Self.code { () throws(DiskError) in try disk.removeDirectory("\(top)/folder") } != nil
        )
        #expect(try disk.list("\(top)/folder") == ["a"])
        try disk.remove("\(top)/folder/a")
        try disk.removeDirectory("\(top)/folder")
        let gone = Self.code { () throws(DiskError) in try disk.removeDirectory("\(top)/folder") }
        #expect(gone == .notFound)
        let noFolder = Self.code { () throws(DiskError) in try disk.removeDirectory("\(top)/Z") }
        #expect(noFolder == .notADirectory)
        #expect(try disk.list(top) == ["Z", "ä"])

        var lock: (any FileLock)? = try disk.lock("\(top)/lock")
        #expect(Self.code { () throws(DiskError) in _ = try disk.lock("\(top)/lock") } == .locked)
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try disk.lock("\(top)/lock")
        #expect(try disk.space(at: top).availableBytes > 0)
    }

    @Test(arguments: subjects)
    func `gathered writes and cached reads do all or say so`(_ subject: Subject) throws {
        let disk = subject.fileSystem
        try disk.makeDirectories(subject.directory)
        let file = try disk.open("\(subject.directory)/\(UUID())", .createNew)
        var generator = SeededGenerator(seed: 5)
        let bytes = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        try bytes.withUnsafeBytes { bytes in
            var runs: [UnsafeRawBufferPointer] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 0..<300, using: &generator))
                runs.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
            try file.write(runs, at: 11)
        }
        #expect(try file.read(400_000, at: 11) == bytes)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 8)
        defer { buffer.deallocate() }
        if let count = try file.readCached(into: buffer, at: 11) {
            #expect(count == 1000)
            #expect(Array(buffer) == Array(bytes[..<1000]))
        }
        #expect(try file.readCached(into: buffer, at: 300_000) == nil)
    }

    @Test func `what is made is closed to others`() throws {
        let subject = Self.subjects[0]
        let directory = "\(subject.directory)/\(UUID())"
        try subject.fileSystem.makeDirectories(directory)
        _ = try subject.fileSystem.open("\(directory)/a", .createNew)
        let manager = FileManager.default
        let file = try manager.attributesOfItem(atPath: "\(directory)/a")[.posixPermissions] as? Int
        let folder = try manager.attributesOfItem(atPath: directory)[.posixPermissions] as? Int
        #expect(file == 0o600)
        #expect(folder == 0o700)
    }
}
