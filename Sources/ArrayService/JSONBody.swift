import AccessControl
import ArrayModel
import Checksums
import HTTPServing
import NIOCore

/// A JSON object as the body of a request, with members that are known by name.
struct JSONBody: Hashable, Sendable {
    /// The members.
    private let members: [String: JSONValue]

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - signing: How it is signed; a digest that was signed is checked.
    ///   - allowed: The names of the members that are taken.
    ///   - bytesMax: The longest body that is taken.
    /// - Returns: The object, or nil if there is no body.
    /// - Throws: ``ArrayServiceError/body(_:)``.
    static func read(
        _ body: HTTPRequestBody,
        _ signing: PayloadSigning,
        allowed: [String],
        bytesMax: Int = ArrayServiceLimits.jsonBodyBytesMax
    ) async throws(ArrayServiceError) -> JSONBody? {
        let bytes = try await collect(body, bytesMax)
        switch signing {
        case .unsigned: break
        case .sha256(let digest):
            guard SHA256.digest(of: bytes) == digest else { throw .body(.digestMismatch) }
        case .chunksSigned, .chunksSignedWithTrailer, .chunksUnsignedWithTrailer:
            throw .body(.chunked)
        }
        guard !bytes.isEmpty else { return nil }
        return JSONBody(members: try object(bytes, allowed))
    }

    /// The value of a member; nil if it is not there.
    subscript(name: String) -> JSONValue? { members[name] }

    private static func collect(
        _ body: HTTPRequestBody,
        _ bytesMax: Int
    ) async throws(ArrayServiceError) -> [UInt8] {
        do {
            return Array(try await body.collect(upTo: bytesMax).readableBytesView)
        } catch HTTPBodyError.tooLarge {
            throw .body(.tooLarge(limitBytes: bytesMax))
        } catch {
            // The client left, stalled or broke the framing, or the server stops.
            throw .body(.incomplete)
        }
    }

    private static func object(
        _ bytes: [UInt8],
        _ allowed: [String]
    ) throws(ArrayServiceError) -> [String: JSONValue] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, repetition: .refused)
        } catch {
            throw .body(.malformed(error))
        }
        guard let list = value.members else { throw .body(.notObject) }
        var members: [String: JSONValue] = [:]
        for member in list {
            guard allowed.contains(member.name) else {
                throw .body(.memberUnknown(member.name, allowed: allowed))
            }
            members[member.name] = member.value
        }
        return members
    }
}
