import StorageModel

extension ObjectStore {
    // MARK: - Principals

    /// Finds who signs with an access key.
    ///
    /// In memory; may be called on an event loop.
    public func principal(accessKey: String) -> Principal? {
        names.read { $0.principal(accessKey: accessKey) }
    }

    /// Every principal, by name; root, from the configuration, included.
    public func principals() -> [Principal] {
        names.read { $0.principals.values.sorted { $0.name < $1.name } }
    }

    /// Adds a principal.
    ///
    /// - Throws: ``StoreError/principalTaken(_:)`` and the failures of any write.
    public func addPrincipal(_ principal: Principal) async throws(StoreError) {
        _ = try await queue.submit(.addPrincipal(principal))
    }

    /// Removes a principal; the namespaces it owns remain.
    ///
    /// - Throws: ``StoreError/principalMissing(_:)`` and the failures of any write.
    public func removePrincipal(_ name: PrincipalName) async throws(StoreError) {
        _ = try await queue.submit(.removePrincipal(name))
    }

    // MARK: - Namespaces

    /// Finds a namespace.
    ///
    /// In memory; may be called on an event loop.
    public func namespace(_ name: NamespaceName) -> Namespace? {
        names.read { $0.namespaces[name] }
    }

    /// Every namespace, by name.
    public func namespaces() -> [Namespace] {
        names.read { $0.namespaces.values.sorted { $0.name < $1.name } }
    }

    /// Creates a namespace; asking again is no error for its owner.
    ///
    /// - Throws: ``StoreError/namespaceTaken(_:)`` and the failures of any write.
    public func createNamespace(
        _ name: NamespaceName,
        owner: PrincipalName,
        access: NamespaceAccess = .private,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> NamespaceCreation {
        try await commit(
            .createNamespace(name, owner: owner, access: access),
            actor: actor
        ) { outcome in
            if case .namespace(let creation) = outcome { creation } else { nil }
        }
    }

    /// Changes who may read a namespace without keys.
    ///
    /// - Throws: ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    @discardableResult
    public func setAccess(
        _ access: NamespaceAccess,
        of name: NamespaceName,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> Namespace {
        try await commit(.setAccess(access, of: name), actor: actor) { outcome in
            if case .changedNamespace(let namespace) = outcome { namespace } else { nil }
        }
    }

    /// Deletes a namespace that holds no object, draft, commit or sealed version; uploads in progress are dropped.
    ///
    /// - Throws: ``StoreError/namespaceMissing(_:)``, ``StoreError/namespaceNotEmpty(_:)`` and the
    ///   failures of any write.
    public func deleteNamespace(
        _ name: NamespaceName,
        actor: PrincipalName? = nil
    ) async throws(StoreError) {
        _ = try await queue.submit(.deleteNamespace(name), actor: actor)
    }
}
