import FoundationEssentials
import Volumes

extension MaintenanceDesk {
    /// Forgets a volume that is missing for good, by the server that runs on the folder or else here.
    ///
    /// - Parameter volume: What the volume's label calls it, a UUID.
    /// - Returns: That it was done.
    /// - Throws: ``ServerError``.
    public func forget(_ volume: String) async throws -> MaintenanceOutcome {
        try requireVolume()
        do {
            try requireAll(hint: nil)
            try await withStore(hint: nil) { store in
                do throws(ForgettingError) {
                    try await store.forgetVolume(volume)
                } catch {
                    throw ServerError.maintenanceFailed(error.words)
                }
            }
        } catch ServerError.dataInUse {
            try forgetByServer(volume)
        }
        return MaintenanceOutcome(
            isWell: true,
            lines: ["\(volume) is forgotten. It is not taken back."],
            ForgettingOutcome(volume: volume)
        )
    }

    private func forgetByServer(_ volume: String) throws {
        let client = try ControlClient(of: folder)
        let answer = try client.send("DELETE", "/v1/volumes/\(Self.encoded(volume))")
        guard answer.status != 204 else { return }
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
        guard let problem else {
            throw ServerError.refusedByServer(
                status: answer.status,
                message: String(decoding: answer.body, as: UTF8.self)
            )
        }
        throw ServerError.maintenanceFailed(problem.detail)
    }

    private struct Problem: Decodable {
        let detail: String
    }

    private struct ForgettingOutcome: Encodable {
        let event = "forget"
        let volume: String
    }
}
