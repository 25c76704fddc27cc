import StorageModel
import Synchronization

/// The names that every request asks for: namespaces and principals, all in memory.
struct NameTable: Sendable {
    private(set) var namespaces: [NamespaceName: Namespace] = [:]
    private(set) var lines: [LineID: NamespaceName] = [:]
    private(set) var principals: [PrincipalName: Principal] = [:]
    private(set) var accessKeys: [String: Principal] = [:]

    init(namespaces: [Namespace], principals: [Principal], root: Principal?) {
        for namespace in namespaces { insert(namespace) }
        for principal in principals { insert(principal) }
        // Root's keys come from the configuration and win over whatever the log knows.
        if let root { insert(root) }
    }

    /// The namespace that a line is the plain line of.
    func namespace(line: LineID) -> Namespace? {
        lines[line].flatMap { namespaces[$0] }
    }

    func principal(accessKey: String) -> Principal? {
        accessKeys[accessKey]
    }

    mutating func insert(_ namespace: Namespace) {
        namespaces[namespace.name] = namespace
        lines[namespace.line] = namespace.name
    }

    mutating func remove(_ namespace: Namespace) {
        namespaces[namespace.name] = nil
        lines[namespace.line] = nil
    }

    mutating func insert(_ principal: Principal) {
        if let before = principals[principal.name] { accessKeys[before.accessKey] = nil }
        principals[principal.name] = principal
        accessKeys[principal.accessKey] = principal
    }

    mutating func remove(_ principal: Principal) {
        principals[principal.name] = nil
        accessKeys[principal.accessKey] = nil
    }
}

/// The names as of the last commit, for every thread.
///
/// State: guarded by `table`; the committer publishes, everybody reads.
final class NameDirectory: Sendable {
    private let table: Mutex<NameTable>

    init(_ table: NameTable) {
        self.table = Mutex(table)
    }

    func publish(_ table: NameTable) {
        self.table.withLock { $0 = table }
    }

    func read<Value>(_ body: (NameTable) -> sending Value) -> sending Value {
        table.withLock { body($0) }
    }
}
