import StorageModel

/// The conditional headers of a read, or of the source of a copy.
public struct ReadConditions: Hashable, Sendable {
    /// `If-Match`.
    public var match: String?
    /// `If-None-Match`.
    public var noneMatch: String?
    /// `If-Modified-Since`, in seconds since the epoch; a date that cannot be read is ignored.
    public var modifiedSince: Int64?
    /// `If-Unmodified-Since`, likewise.
    public var unmodifiedSince: Int64?

    /// Makes conditions of their values.
    public init(
        match: String? = nil,
        noneMatch: String? = nil,
        modifiedSince: Int64? = nil,
        unmodifiedSince: Int64? = nil
    ) {
        self.match = match
        self.noneMatch = noneMatch
        self.modifiedSince = modifiedSince
        self.unmodifiedSince = unmodifiedSince
    }

    /// Takes the conditions of a read from its headers.
    public init(readHeaders headers: HeaderList) {
        self.init(
            match: headers["if-match"],
            noneMatch: headers["if-none-match"],
            modifiedSince: headers["if-modified-since"].flatMap(HTTPDate.parse),
            unmodifiedSince: headers["if-unmodified-since"].flatMap(HTTPDate.parse)
        )
    }

    /// Takes the conditions on the source of a copy from its headers.
    public init(copySourceHeaders headers: HeaderList) {
        self.init(
            match: headers["x-amz-copy-source-if-match"],
            noneMatch: headers["x-amz-copy-source-if-none-match"],
            modifiedSince: headers["x-amz-copy-source-if-modified-since"]
                .flatMap(HTTPDate.parse),
            unmodifiedSince: headers["x-amz-copy-source-if-unmodified-since"]
                .flatMap(HTTPDate.parse)
        )
    }

    /// What the conditions say about a read.
    public enum Decision: Hashable, Sendable {
        /// Answer as if there were no conditions.
        case proceed
        /// The client has the object already: 304.
        case notModified
        /// A condition does not hold: 412.
        case failed(header: String)
    }

    /// Evaluates the conditions against an object, in the order the standard gives.
    ///
    /// `If-Match` hides `If-Unmodified-Since`, and `If-None-Match` hides `If-Modified-Since`, so the
    /// two combinations that S3 documents follow.
    ///
    /// Source: RFC 9110, section 13.2.2; Amazon S3 API Reference, GetObject.
    public func evaluate(entityTag: String, modified: WallTime) -> Decision {
        if let match {
            guard EntityTagCondition.matches(match, entityTag: entityTag, comparison: .strong)
            else { return .failed(header: "If-Match") }
        } else if let unmodifiedSince, modified.seconds > unmodifiedSince {
            return .failed(header: "If-Unmodified-Since")
        }
        if let noneMatch {
            let isKnown = EntityTagCondition.matches(
                noneMatch,
                entityTag: entityTag,
                comparison: .weak
            )
            return isKnown ? .notModified : .proceed
        }
        if let modifiedSince, modified.seconds <= modifiedSince { return .notModified }
        return .proceed
    }

    /// Evaluates the conditions against the source of a copy, where every failure is a 412.
    ///
    /// - Throws: ``S3Error/preconditionFailed(header:)``.
    ///
    /// Source: Amazon S3 API Reference, CopyObject.
    public func requireCopySource(entityTag: String, modified: WallTime) throws(S3Error) {
        switch evaluate(entityTag: entityTag, modified: modified) {
        case .proceed: return
        case .notModified:
            let name = noneMatch == nil ? "modified-since" : "none-match"
            throw .preconditionFailed(header: "x-amz-copy-source-if-" + name)
        case .failed(let header):
            throw .preconditionFailed(header: "x-amz-copy-source-" + header.lowercased())
        }
    }
}

extension WritePrecondition {
    /// Takes the precondition of a write from its headers.
    ///
    /// - Throws: ``S3Error/notImplemented(feature:)`` for an `If-None-Match` other than `*`,
    ///   ``S3Error/invalidRequest(_:)`` when both headers are there.
    ///
    /// Source: Amazon S3 User Guide, "Conditional requests".
    public init(headers: HeaderList) throws(S3Error) {
        let match = headers["if-match"]
        let noneMatch = headers["if-none-match"]
        switch (match, noneMatch) {
        case (nil, nil): self = .none
        case (nil, "*"?): self = .absent
        case (nil, _?): throw .notImplemented(feature: "If-None-Match other than * on a write")
        case ("*"?, nil): self = .present
        case (let match?, nil): self = .entityTag(EntityTagCondition.unquoted(match))
        case (_?, _?): throw .invalidRequest(.severalPreconditions)
        }
    }
}
