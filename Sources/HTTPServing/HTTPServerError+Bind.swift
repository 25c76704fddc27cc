import Glibc
import NIOCore

extension HTTPServerError {
    /// Translates what listening on an address threw.
    init(bindError error: any Error, host: String, port: Int) {
        if let error = error as? HTTPServerError {
            self = error
            return
        }
        if error is SocketAddressError || error is SocketAddressError.UnknownHost {
            self = .addressUnavailable(host: host, port: port)
            return
        }
        guard let code = (error as? IOError)?.errnoCode else {
            self = .bindFailed(host: host, port: port, code: 0)
            return
        }
        self =
            switch code {
            case EADDRINUSE: .addressInUse(host: host, port: port)
            case EADDRNOTAVAIL, EAFNOSUPPORT: .addressUnavailable(host: host, port: port)
            case EACCES, EPERM: .permissionDenied(host: host, port: port)
            default: .bindFailed(host: host, port: port, code: code)
            }
    }
}
