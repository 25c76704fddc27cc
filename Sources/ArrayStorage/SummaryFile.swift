import DiskIO
import Synchronization

/// The file that keeps what was computed of whole chunks: records one after the other behind a magic.
///
/// It is derived: what cannot be read or written is computed again, so failures of the disk are
/// no errors here, and nothing is flushed. A record that is torn or damaged fails its checksum and is
/// passed over. Where it is may change while it is used: then it is written anew there.
///
/// Methods block. State: guarded by `opened`.
final class SummaryFile: Sendable {
    private static let magic: [UInt8] = Array("NAVESUM1".utf8)
    /// The records up to which the file grows before it is written anew.
    private static let recordsMax = 262_144

    private struct Opened {
        let path: String
        var file: any OpenFile
        var sizeBytes: Int64
    }

    private let path: @Sendable () -> String
    private let fileSystem: any FileSystem
    private let opened = Mutex<Opened?>(nil)

    /// Names a file that stays where it is.
    convenience init(_ path: String, fileSystem: any FileSystem) {
        self.init(at: { path }, fileSystem: fileSystem)
    }

    /// Names a file by what says where it is; asked with every call, so it must be quick.
    init(at path: @escaping @Sendable () -> String, fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
    }

    /// The newest records, the oldest of them first.
    func load(itemsMax: Int) -> [SummaryStore.Item] {
        opened.withLock { opened in
            guard let open = openIfPresent(path()) else { return [] }
            opened = open
            let head = Int64(Self.magic.count)
            let records = Int((open.sizeBytes - head) / Int64(SummaryRecord.bytes))
            let first = max(records - itemsMax, 0)
            var items: [SummaryStore.Item] = []
            let stepRecords = 4096
            for start in stride(from: first, to: records, by: stepRecords) {
                let count = min(stepRecords, records - start)
                let offset = head + Int64(start * SummaryRecord.bytes)
                items += Self.read(open.file, at: offset, count: count)
            }
            return items
        }
    }

    /// Appends records.
    ///
    /// - Returns: False if the file is so long that it should be replaced instead, or is elsewhere now.
    func append(_ items: [SummaryStore.Item]) -> Bool {
        opened.withLock { opened in
            var bytes: [UInt8] = []
            for item in items { SummaryRecord.encode(item, to: &bytes) }
            let path = path()
            guard opened?.path ?? path == path else { return false }
            guard var open = opened ?? openIfPresent(path) ?? create(path) else { return true }
            let limit = Int64(Self.recordsMax * SummaryRecord.bytes)
            guard open.sizeBytes + Int64(bytes.count) <= limit else { return false }
            guard Self.write(bytes, to: open.file, at: open.sizeBytes) else { return true }
            open.sizeBytes += Int64(bytes.count)
            opened = open
            return true
        }
    }

    /// Writes the file anew.
    func replace(with items: [SummaryStore.Item]) {
        opened.withLock { opened in
            let path = path()
            let draft = path + ".new"
            var bytes: [UInt8] = []
            for item in items { SummaryRecord.encode(item, to: &bytes) }
            guard let open = create(draft) else { return }
            guard Self.write(bytes, to: open.file, at: open.sizeBytes) else { return }
            guard (try? fileSystem.rename(draft, to: path)) != nil else { return }
            opened = Opened(
                path: path,
                file: open.file,
                sizeBytes: open.sizeBytes + Int64(bytes.count)
            )
        }
    }

    /// Opens the file if it is there and begins with the magic; whatever else is there is replaced.
    private func openIfPresent(_ path: String) -> Opened? {
        guard
            let file = try? fileSystem.open(path, .readWrite), let size = try? file.sizeBytes(),
            size >= Int64(Self.magic.count)
        else { return nil }
        var head = [UInt8](repeating: 0, count: Self.magic.count)
        let count = head.withUnsafeMutableBytes { try? file.read(into: $0, at: 0) }
        guard count == head.count, head == Self.magic else { return nil }
        // A torn record at the end is written over.
        let records = (size - Int64(head.count)) / Int64(SummaryRecord.bytes)
        let whole = Int64(head.count) + records * Int64(SummaryRecord.bytes)
        return Opened(path: path, file: file, sizeBytes: whole)
    }

    private func create(_ path: String) -> Opened? {
        guard
            let file = try? fileSystem.open(path, .createOrReplace),
            Self.write(Self.magic, to: file, at: 0)
        else { return nil }
        return Opened(path: path, file: file, sizeBytes: Int64(Self.magic.count))
    }

    private static func write(_ bytes: [UInt8], to file: any OpenFile, at offset: Int64) -> Bool {
        bytes.withUnsafeBytes { (try? file.write([$0], at: offset)) != nil }
    }

    private static func read(
        _ file: any OpenFile,
        at offset: Int64,
        count: Int
    ) -> [SummaryStore.Item] {
        var bytes = [UInt8](repeating: 0, count: count * SummaryRecord.bytes)
        let read = bytes.withUnsafeMutableBytes { (try? file.read(into: $0, at: offset)) ?? 0 }
        return bytes.withUnsafeBytes { buffer in
            (0..<(read / SummaryRecord.bytes)).compactMap { index in
                let start = index * SummaryRecord.bytes
                return SummaryRecord.decode(
                    UnsafeRawBufferPointer(
                        rebasing: buffer[start..<(start + SummaryRecord.bytes)]
                    )
                )
            }
        }
    }
}
