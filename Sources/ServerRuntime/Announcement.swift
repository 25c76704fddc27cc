import ServiceLifecycle

/// Says that the server is ready.
///
/// A service, since a group traps the signals that stop it before it runs its services: who was told
/// that the server is ready can stop it in order.
struct Announcement: Service {
    let announce: @Sendable () throws -> Void

    func run() async throws {
        try announce()
        try? await gracefulShutdown()
    }
}
