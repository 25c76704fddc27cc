import NIOCore

/// Stops accepting while as many connections are open as the limit allows.
///
/// Further clients wait in the listening socket's queue, as with other servers that are at their
/// limit; over TLS there would be no way to answer them cheaply. Confined to the event loop of
/// the listening channel.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let connectionsMax: Int
    private var connections = 0
    private var isReadHeld = false

    init(connectionsMax: Int) {
        self.connectionsMax = connectionsMax
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        connections += 1
        connection.closeFuture.hop(to: context.eventLoop).assumeIsolated().whenComplete { _ in
            self.connectionEnded(context)
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if connections < connectionsMax {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    private func connectionEnded(_ context: ChannelHandlerContext) {
        connections -= 1
        guard isReadHeld, connections < connectionsMax, context.channel.isActive else { return }
        isReadHeld = false
        context.read()
    }
}
