import ObjectStorage
import StorageModel

/// Where principals are kept; the part of ``ObjectStore`` that administration needs.
public protocol PrincipalDirectory: Sendable {
    /// Every principal, by name, root included.
    func principals() -> [Principal]

    /// Adds a principal.
    ///
    /// - Throws: ``StoreError/principalTaken(_:)`` and the failures of any write.
    func addPrincipal(_ principal: Principal) async throws(StoreError)

    /// Removes a principal.
    ///
    /// - Throws: ``StoreError/principalMissing(_:)`` and the failures of any write.
    func removePrincipal(_ name: PrincipalName) async throws(StoreError)
}

extension ObjectStore: PrincipalDirectory {}
