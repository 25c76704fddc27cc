import StorageModel

/// What somebody wants to do in a namespace.
public enum AccessAction: Hashable, Sendable, CaseIterable {
    /// Read objects or arrays by name.
    case read
    /// List what is there.
    case list
    /// Write or delete objects or arrays.
    case write
    /// Delete the namespace or change who may use it; list what is being uploaded.
    case administer
}

/// Who may do what: the owner of a namespace and root everything, others read and list where the
/// namespace is public.
public enum AccessPolicy {
    /// Whether an action is allowed; `principal` is `nil` for a request without a signature.
    public static func decide(
        principal: Principal?,
        action: AccessAction,
        namespace: Namespace
    ) -> Bool {
        if let principal, principal.isRoot || principal.name == namespace.owner { return true }
        switch (action, namespace.access) {
        case (.read, .publicRead), (.list, .publicRead): return true
        case (.read, .private), (.list, .private), (.write, _), (.administer, _): return false
        }
    }
}
