import NIOCore
import NIOSSL

extension HTTPTransportSecurity {
    /// How long a close waits for the client's own farewell.
    ///
    /// What was sent has left by then; waiting serves only the client's certainty that
    /// nothing is missing, which HTTP gives it by other means.
    private static let farewellTimeout = TimeAmount.milliseconds(50)

    /// Reads the files and makes the settings of TLS connections.
    ///
    /// - Throws: ``HTTPServerError`` naming the file that cannot be used.
    func makeContext() throws -> NIOSSLContext {
        let chain = try certificates()
        let key = try privateKey()
        var settings = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        settings.minimumTLSVersion = .tlsv12
        settings.applicationProtocols = ["http/1.1"]
        settings.shutdownTimeout = Self.farewellTimeout
        do {
            return try NIOSSLContext(configuration: settings)
        } catch {
            // Both files were read and parsed before: what is left is that they do not match.
            throw HTTPServerError.keyMismatch(certificatePath: certificatePath, keyPath: keyPath)
        }
    }

    private func certificates() throws(HTTPServerError) -> [NIOSSLCertificate] {
        guard HTTPTransportFile.isReadable(certificatePath) else {
            throw .certificateUnreadable(path: certificatePath)
        }
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificatePath), !chain.isEmpty else {
            throw .certificateInvalid(path: certificatePath)
        }
        return chain
    }

    private func privateKey() throws(HTTPServerError) -> NIOSSLPrivateKey {
        guard HTTPTransportFile.isReadable(keyPath) else { throw .keyUnreadable(path: keyPath) }
        // An empty passphrase keeps the library from asking for one on a terminal.
        let key = try? NIOSSLPrivateKey(file: keyPath, format: .pem) { setPassphrase in
            setPassphrase([UInt8]())
        }
        guard let key else { throw .keyInvalid(path: keyPath) }
        return key
    }
}
