import DiskIO
import SeededRandom
import StorageModel
import Testing

@testable import MetadataIndex
@testable import ObjectStorage

/// The life of a store with versions, drawn from a seed, beside a model of dictionaries.
final class VersionLife {
    let seed: UInt64
    let requestCount: Int
    let folder: IndexFolder
    private let clock = SimulatedStore.Clock()
    /// What the store must show; two where the last request may or may not have taken place.
    private(set) var possible: [VersionModel] = [VersionModel()]
    /// How often each kind of request was done, so that a test can see that it did something.
    private(set) var done: [String: Int] = [:]

    init(seed: UInt64, requestCount: Int) throws {
        self.seed = seed
        self.requestCount = requestCount
        folder = try IndexFolder()
    }

    func open(_ disk: SimulatedFileSystem, _ time: UInt64) async throws -> SimulatedStore {
        try await SimulatedStore.open(
            disk,
            index: folder.index,
            seed: seed &+ time,
            clock: clock
        )
    }

    /// Does requests until one is cut off.
    ///
    /// - Returns: The calls that the disk had to serve.
    @discardableResult
    func run(on disk: SimulatedFileSystem, isObserved: Bool) async throws -> Int {
        var random = SeededGenerator(seed: seed)
        guard let subject = try? await open(disk, 0) else { return disk.callCount }
        for number in 0..<requestCount {
            let request = VersionRequest.random(&random, possible[0])
            guard try await perform(request, subject) else { break }
            subject.settle()
            if isObserved, let model = possible.first {
                try observe(subject, model, "seed \(seed), \(number): \(request)")
            }
        }
        let calls = disk.callCount
        await subject.store.close()
        return calls
    }

    // MARK: - Requests

    /// Does a request, and compares what came of it with the model.
    ///
    /// - Returns: False if nothing can be written any more.
    private func perform(
        _ request: VersionRequest,
        _ subject: SimulatedStore
    ) async throws -> Bool {
        var model = possible[0]
        let expected: VersionError?
        do throws(VersionError) {
            try apply(request, to: &model)
            expected = nil
        } catch {
            expected = error
        }
        do {
            try await ask(request, subject, &model)
            #expect(expected == nil, "seed \(seed): \(request) took place")
            done["\(request)".prefix { $0 != "(" }.description, default: 0] += 1
            possible = [model]
        } catch StoreError.version(let error) {
            #expect(error == expected, "seed \(seed): \(request)")
        } catch StoreError.volumeFailed, StoreError.indexFailed {
            if expected == nil { possible.append(model) }
            return false
        } catch {
            // A failure on the disk that cost this request alone.
        }
        return true
    }

    /// What the request does to the model, as far as the store gives nothing out.
    private func apply(
        _ request: VersionRequest,
        to model: inout VersionModel
    ) throws(VersionError) {
        switch request {
        case .put(let key, let content):
            // What cannot be understood is metadata, too.
            try model.write(
                key,
                SimulatedStore.tag(content.bytes),
                isMetadata: key.hasSuffix("zarr.json")
            )
        case .delete(let key): try model.write(key, nil, isMetadata: false)
        case .fork(let source, let name): try model.fork(source, to: name)
        case .commit(let name, _): _ = try model.version(name)
        case .seal(let name):
            _ = try model.version(name)
            model.branches[name]?.isSealed = true
        case .unseal(let name):
            _ = try model.version(name)
            model.branches[name]?.isSealed = false
        case .rollBack(let name, let digest): try model.rollBack(name, to: digest)
        case .retain(let name, let commits):
            _ = try model.version(name)
            model.branches[name]?.retained = commits
        case .forget(let digest): try model.forget(digest)
        case .retag(let name, let tag):
            try model.rename(name, to: VersionName(trustedName: name.name, tag: tag))
        case .remove(let name): try model.remove(name)
        case .createDraft(let name): _ = try model.open(name)
        case .commitDraft(let name): _ = try model.commitDraft(name)
        case .discardDraft(let name): try model.discardDraft(name)
        case .sweep: model.sweep()
        case .clean, .copyIndex, .snapshot: return
        }
    }

    /// Asks the store, and notes what it gives out.
    private func ask(
        _ request: VersionRequest,
        _ subject: SimulatedStore,
        _ model: inout VersionModel
    ) async throws {
        let store = subject.store
        let namespace = subject.namespace
        switch request {
        case .put(let key, let content): try await subject.put(key, content)
        case .delete(let key): try await store.delete(try ObjectKey(key), in: namespace)
        case .fork(let source, let name): try await store.fork(source, to: name, in: namespace)
        case .commit(let name, let message):
            let manifest = try await store.commitVersion(name, in: namespace, message: message)
            model.commit(name, manifest.digest)
        case .seal(let name):
            model.commit(name, try await store.seal(name, in: namespace).digest)
        case .unseal(let name): try await store.unseal(name, in: namespace)
        case .rollBack(let name, let digest):
            try await store.rollBack(name, to: digest, in: namespace)
        case .retain(let name, let commits):
            try await store.setRetention(of: name, commits: commits, in: namespace)
        case .forget(let digest): try await store.forget(digest, in: namespace)
        case .retag(let name, let tag): try await store.retag(name, to: tag, in: namespace)
        case .remove(let name): try await store.deleteVersion(name, in: namespace)
        case .createDraft(let name):
            let draft = try await store.createDraft(of: name, in: namespace)
            try model.createDraft(name, as: draft.version)
        case .commitDraft(let name):
            let manifest = try await store.commitDraft(name, in: namespace)
            model.commit(manifest.version, manifest.digest)
        case .discardDraft(let name): try await store.discardDraft(name, in: namespace)
        case .sweep: try await store.sweepLines()
        case .clean: try await store.cleanLog()
        case .copyIndex: try await folder.copyIndex(of: store)
        case .snapshot: try await store.takeSnapshot()
        }
    }

    // MARK: - What the store shows

    /// Compares look-ups with the model; those of keys that were looked up before come from memory.
    private func observe(
        _ subject: SimulatedStore,
        _ model: VersionModel,
        _ context: String
    ) throws {
        let expected = model.all
        let places = VersionRequest.names.map(\.keyPrefix) + ["p/"]
        for prefix in places {
            for key in VersionRequest.relativeKeys {
                let entry = try subject.store.lookUp(
                    try ObjectKey(prefix + key),
                    in: subject.namespace
                )
                #expect(entry?.entityTag == expected[prefix + key], "\(context): \(prefix + key)")
            }
        }
    }

    /// Everything that a store shows, as a model.
    static func state(of subject: SimulatedStore, known: [ManifestDigest]) async throws
        -> VersionModel
    {
        let store = subject.store
        let namespace = subject.namespace
        var model = VersionModel()
        let versions = try store.versionStates(in: namespace, limit: 100)
        for state in versions + (try store.drafts(in: namespace, limit: 100)) {
            var branch = VersionModel.Branch(
                id: 0,
                line: 0,
                keys: try keys(store, state.line),
                head: state.head,
                isSealed: state.sealed != nil
            )
            if state.draft != nil { branch.base = (0, 0) }
            model.branches[state.version] = branch
        }
        for object in try await store.list(ListQuery(), in: namespace).objects {
            let version = VersionModel.split(object.key.text)?.0
            if version.map({ model.branches[$0] == nil }) ?? true {
                model.plain[object.key.text] = object.entityTag
            }
        }
        for digest in known {
            guard let manifest = try store.manifest(digest, in: namespace) else { continue }
            model.commits[digest] = VersionModel.Commit(
                keys: try keys(store, manifest.line),
                parent: manifest.parent,
                owner: 0
            )
        }
        return model
    }

    private static func keys(_ store: ObjectStore, _ line: LineID) throws -> VersionModel.Keys {
        var keys: VersionModel.Keys = [:]
        for object in try store.list(prefix: "", line: line, limit: 1000) {
            keys[object.key.text] = object.entityTag
        }
        return keys
    }
}
