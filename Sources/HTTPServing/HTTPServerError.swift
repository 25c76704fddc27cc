/// Why a server did not start.
public enum HTTPServerError: Error, Hashable, Sendable {
    /// Another process listens on the address.
    case addressInUse(host: String, port: Int)
    /// The host is not an address of this machine, or does not resolve.
    case addressUnavailable(host: String, port: Int)
    /// The port needs a privilege that the process does not have.
    case permissionDenied(host: String, port: Int)
    /// The port is outside `0...65535`.
    case portInvalid(Int)
    /// Listening failed for another reason of the system; `code` is its `errno`, 0 if unknown.
    case bindFailed(host: String, port: Int, code: Int32)
    /// The certificate file cannot be read.
    case certificateUnreadable(path: String)
    /// The certificate file holds no PEM certificate.
    case certificateInvalid(path: String)
    /// The key file cannot be read.
    case keyUnreadable(path: String)
    /// The key file holds no PEM private key without a passphrase.
    case keyInvalid(path: String)
    /// The private key does not belong to the certificate.
    case keyMismatch(certificatePath: String, keyPath: String)
    /// The server was started or stopped before; a server starts once.
    case alreadyStarted
}
