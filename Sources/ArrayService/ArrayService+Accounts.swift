import DiskIO
import HTTPServing

/// On whose account threads work for requests.
extension ArrayService {
    /// Makes an answer on a new account of a client.
    ///
    /// - Parameters:
    ///   - caller: Who asks.
    ///   - beginning: How the account begins.
    ///   - work: Makes it.
    /// - Returns: The answer.
    func onAccount(
        of caller: Caller,
        _ beginning: WorkAccount.Beginning,
        _ work: () async -> HTTPResponse
    ) async -> HTTPResponse {
        let account = WorkAccount(client: caller.client, beginning: beginning)
        return await WorkAccount.$current.withValue(account) { await work() }
    }

    /// A body that is made while it is sent, on the account of the answer before it; a failure of the
    /// server in it is noted.
    func streamed(
        byteCount: Int64?,
        _ caller: Caller,
        _ send: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) -> HTTPResponseBody {
        let account = WorkAccount.current
        return .streamed(byteCount: byteCount) { writer in
            try await WorkAccount.$current.withValue(account) {
                try await noting(caller) { try await send(writer) }
            }
        }
    }
}

extension ArrayRequest {
    /// How much there is to compute for it, before anything is known of the array.
    var beginning: WorkAccount.Beginning {
        switch self {
        case .statistics, .preview, .occupancy: .long
        case .list, .describe, .data, .write, .gather, .chunks, .namespaces, .versions, .zarr,
            .openAPI:
            .short
        }
    }
}
