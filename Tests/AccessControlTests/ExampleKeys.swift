import StorageModel

@testable import AccessControl

/// The keys and the time that AWS's worked examples use.
enum ExampleKeys {
    // Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header",
    // examples.
    static let principal = Principal(
        name: .root,
        accessKey: "AKIAIOSFODNN7EXAMPLE",
        secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    /// 2013-05-24T00:00:00Z.
    static let time = WallTime(milliseconds: 1_369_353_600_000)
    static let credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    static func find(_ accessKey: String) -> Principal? {
        accessKey == principal.accessKey ? principal : nil
    }

    static func later(seconds: Int64) -> WallTime {
        WallTime(milliseconds: time.milliseconds + seconds * 1000)
    }

    static let signer = RequestSigner(
        accessKey: principal.accessKey,
        secretKey: principal.secretKey
    )
}
