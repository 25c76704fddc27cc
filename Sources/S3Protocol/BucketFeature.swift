/// A feature of S3 buckets that Nave does not offer but that clients ask about.
///
/// A read is answered as S3 answers when the feature was never configured, a removal succeeds
/// because there is nothing to remove, and a write is `NotImplemented`.
public enum BucketFeature: String, Hashable, Sendable, CaseIterable {
    case accelerate
    case analytics
    case cors
    case encryption
    case intelligentTiering = "intelligent-tiering"
    case inventory
    case lifecycle
    case logging
    case metrics
    case notification
    case objectLock = "object-lock"
    case ownershipControls
    case policy
    case policyStatus
    case publicAccessBlock
    case replication
    case requestPayment
    case tagging
    case versioning
    case website

    /// What S3 answers to a read of the feature when it was never configured.
    ///
    /// Source: Amazon S3 API Reference, the `GetBucket…` operation of each feature.
    public var answerWhenAbsent: AbsentFeatureAnswer {
        switch self {
        case .accelerate: .emptyDocument(root: "AccelerateConfiguration")
        case .logging: .emptyDocument(root: "BucketLoggingStatus")
        case .notification: .emptyDocument(root: "NotificationConfiguration")
        case .versioning: .emptyDocument(root: "VersioningConfiguration")
        case .requestPayment: .payerIsOwner
        case .analytics, .intelligentTiering, .inventory, .metrics:
            .missing(code: "NoSuchConfiguration")
        case .cors: .missing(code: "NoSuchCORSConfiguration")
        case .encryption: .missing(code: "ServerSideEncryptionConfigurationNotFoundError")
        case .lifecycle: .missing(code: "NoSuchLifecycleConfiguration")
        case .objectLock: .missing(code: "ObjectLockConfigurationNotFoundError")
        case .ownershipControls: .missing(code: "OwnershipControlsNotFoundError")
        case .policy, .policyStatus: .missing(code: "NoSuchBucketPolicy")
        case .publicAccessBlock: .missing(code: "NoSuchPublicAccessBlockConfiguration")
        case .replication: .missing(code: "ReplicationConfigurationNotFoundError")
        case .tagging: .missing(code: "NoSuchTagSet")
        case .website: .missing(code: "NoSuchWebsiteConfiguration")
        }
    }

    /// The feature that a query of a bucket request names, if any.
    static func named(in query: QueryParameters) -> BucketFeature? {
        guard !query.isEmpty else { return nil }
        return allCases.first { query.has($0.rawValue) }
    }
}

/// The answer to a read of a feature that was never configured.
public enum AbsentFeatureAnswer: Sendable {
    /// A document of nothing but its root element.
    case emptyDocument(root: StaticString)
    /// A `RequestPaymentConfiguration` that names the owner.
    case payerIsOwner
    /// A 404 with this code.
    case missing(code: String)
}

extension BucketFeature {
    /// The code of a 404 about the feature.
    var missingCode: String {
        switch answerWhenAbsent {
        case .missing(let code): code
        case .emptyDocument, .payerIsOwner: "NoSuchConfiguration"
        }
    }
}
