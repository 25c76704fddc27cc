import ArrayModel
import DiskIO
import ObjectStorage
import StorageModel
import Testing

@testable import ArrayStorage

/// Checks that nothing is created or changed in a folder while it is cleared.
@Suite struct CreationLockTests {
    @Test(arguments: ["g", "g/h"])
    func `a member is created behind the deletion of a folder that it is in`(
        _ folder: String
    ) async throws {
        try await CrashStore.with(SimulatedFileSystem(seed: 1)) { store in
            let writer = store.writer(ArrayWriterLimits())
            let group = try ArraySpecification(.members(["kind": .string("group")]))
            for reference in ["crash/a:v0", "crash/a:v0/g", "crash/a:v0/g/h"] {
                try await writer.create(group, ArrayReference(reference), in: store.namespace)
            }
            let member = try ArrayReference("crash/a:v0/g/h/m")
            let place = ArrayPlace(name: "a", tag: "v0", member: "g/h/m")
            let root = try #require(
                try store.store.node(store.reference.place, in: store.namespace)
            )
            let lock = ChunkLockTable.Key(line: root.line, scope: .folder, path: folder)
            let cleared = Gate()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await writer.locks.withLocks([.alone(lock)]) {
                        () async throws(ArrayWriteError) in
                        await cleared.wait()
                    }
                }
                while writer.locks.count < 1 { await Task.yield() }
                tasks.addTask { try await writer.create(group, member, in: store.namespace) }
                while writer.locks.count < 2 { await Task.yield() }
                let before = try store.store.node(place, in: store.namespace)
                #expect(before == nil)
                cleared.open()
                try await tasks.waitForAll()
            }
            let after = try store.store.node(place, in: store.namespace)
            #expect(after != nil)
        }
    }

    @Test func `a file of attributes is written behind the deletion of its folder, or not at all`()
        async throws
    {
        try await CrashStore.with(SimulatedFileSystem(seed: 1)) { store in
            let writer = store.writer(ArrayWriterLimits())
            let group = try ArraySpecification(
                .members(["kind": .string("group"), "dialect": .string("zarr2")])
            )
            let reference = try ArrayReference("crash/a:v0/g")
            try await writer.create(group, reference, in: store.namespace)
            let place = ArrayPlace(name: "a", tag: "v0", member: "g")
            let node = try #require(try store.store.node(place, in: store.namespace))
            let lock = ChunkLockTable.Key(line: node.line, scope: .folder, path: "g")
            let cleared = Gate()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await writer.locks.withLocks([.alone(lock)]) {
                        () async throws(ArrayWriteError) in
                        await cleared.wait()
                    }
                }
                while writer.locks.count < 1 { await Task.yield() }
                tasks.addTask {
                    let update = ArrayUpdate(
                        shape: nil,
                        attributes: .members(["a": .integer(1)]),
                        attributePolicy: .merge
                    )
                    await #expect(throws: ArrayWriteError.self) {
                        _ = try await writer.update(reference, in: store.namespace, update)
                    }
                }
                while writer.locks.count < 3 { await Task.yield() }
                let key = try ObjectKey("a:v0/\(node.metadataKey)")
                _ = try await store.store.delete([key], in: store.namespace)
                cleared.open()
                try await tasks.waitForAll()
            }
            let attributes = try store.store.lookUp("g/.zattrs", line: node.line)
            #expect(attributes == nil)
        }
    }
}
