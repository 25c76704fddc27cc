import DiskIO
import Foundation
import Testing

/// Checks that the simulated disk forgets exactly what POSIX lets a disk forget.
@Suite struct SimulatedFileSystemTests {
    @Test func `what was flushed is found after every power loss`() throws {
        for seed in 0..<200 {
            let disk = SimulatedFileSystem(seed: 1)
            let file = try disk.open("/a", .createNew)
            try file.write([UInt8](repeating: 1, count: 5000), at: 0)
            try file.synchronizeData()
            try disk.synchronizeDirectory("/")
            try file.write([UInt8](repeating: 2, count: 3000), at: 1000)
            let found = try #require(disk.restart(seed: UInt64(seed)).contents(of: "/a"))
            #expect(found.count == 5000)
            #expect(found[..<1000].allSatisfy { $0 == 1 })
            #expect(found[1000..<4000].allSatisfy { $0 == 1 || $0 == 2 })
            #expect(found[4000...].allSatisfy { $0 == 1 })
        }
    }

    @Test func `unflushed bytes and names are lost, kept, torn and reordered`() throws {
        var isMissing = false
        var contents: Set<[UInt8]> = []
        for seed in 0..<300 {
            let disk = SimulatedFileSystem(seed: 1)
            let file = try disk.open("/a", .createNew)
            try file.write([UInt8](repeating: 1, count: 512), at: 0)
            try file.write([UInt8](repeating: 2, count: 512), at: 512)
            if let found = disk.restart(seed: UInt64(seed)).contents(of: "/a") {
                contents.insert(found)
            } else {
                isMissing = true
            }
        }
        #expect(isMissing)
        let one = [UInt8](repeating: 1, count: 512)
        let two = [UInt8](repeating: 2, count: 512)
        let zero = [UInt8](repeating: 0, count: 512)
        for expected in [[], one, one + two, zero + two, one + zero] {
            #expect(contents.contains(expected))
        }
    }

    @Test func `a failed flush loses what it did not write for good`() throws {
        var lost = 0
        for seed in 0..<50 {
            let disk = SimulatedFileSystem(seed: UInt64(seed))
            let file = try disk.open("/a", .createNew)
            try file.synchronizeData()
            try disk.synchronizeDirectory("/")
            try file.write([1], at: 0)
            disk.inject(FaultPlan(failures: [1: EIO]))
            #expect(throws: DiskError.self) { try file.synchronizeData() }
            try file.synchronizeData()
            #expect(try file.read(1, at: 0) == [1])
            if disk.restart(seed: 0).contents(of: "/a") == [] { lost += 1 }
        }
        #expect(lost > 0)
        #expect(lost < 50)
    }

    @Test func `calls fail, crash, fall short and run out of space as planned`() throws {
        let disk = SimulatedFileSystem(seed: 3, capacityBytes: 1000)
        let file = try disk.open("/a", .createNew)
        disk.inject(FaultPlan(failures: [2: EIO], shortPercent: 80))
        try file.write([7], at: 0)
        #expect(throws: DiskError.self) { try file.write([8], at: 0) }
        try file.write([UInt8](repeating: 9, count: 900), at: 0)
        #expect(try file.read(900, at: 0) == [UInt8](repeating: 9, count: 900))
        do throws(DiskError) {
            try file.write([UInt8](repeating: 9, count: 200), at: 900)
            Issue.record("no room was left")
        } catch {
            #expect(error.code == .outOfSpace)
        }
        #expect(try file.sizeBytes() == 1000)
        disk.inject(FaultPlan(crashAtCall: 1))
        for _ in 0..<3 {
            do throws(DiskError) {
                try file.synchronizeData()
                Issue.record("the power was lost")
            } catch {
                #expect(error.code == .crashed)
            }
        }
        let again = disk.restart(seed: 0)
        #expect(try again.list("/") == [] || again.list("/") == ["a"])
    }

    @Test func `a killed process loses nothing but its locks`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try disk.open("/a", .createNew).write([1, 2], at: 0)
        let lock = try disk.lock("/lock")
        let again = disk.restartProcess()
        #expect(again.contents(of: "/a") == [1, 2])
        _ = try again.lock("/lock")
        withExtendedLifetime(lock) {}
    }

    @Test func `one seed gives one disk`() throws {
        func run() throws -> [[UInt8]?] {
            try (0..<20).map { seed in
                let disk = SimulatedFileSystem(seed: 9)
                let file = try disk.open("/a", .createNew)
                try file.write([UInt8](repeating: 1, count: 9000), at: 0)
                try file.truncate(to: 100)
                try file.write([UInt8](repeating: 2, count: 9000), at: 50)
                return disk.restart(seed: UInt64(seed)).contents(of: "/a")
            }
        }
        #expect(try run() == run())
    }
}
