/// The longer sentences of error documents.
enum S3Sentence {
    static let versionSealed =
        "is sealed, so its objects cannot change. Fork it to another tag and write there, or have it "
        + "unsealed."
    static let signatureRequired =
        "Access Denied: this is not public, so the request must be signed."
    static let multipleAuthentications =
        "Only one auth mechanism allowed: either the query or the Authorization header."
    static let invalidAccessKeyID =
        "The AWS Access Key Id you provided does not exist in our records."
    static let signatureDoesNotMatch =
        "The request signature we calculated does not match the signature you provided. Check "
        + "your key and signing method."
    static let headersNotSigned =
        "There were headers present in the request which were not signed:"
    static let requestTimeTooSkewed =
        "The difference between the request time and the current time is too large."
    static let requestTimeMissing =
        "A signed request needs an x-amz-date or Date header in a format of its standard."
    static let contentSHA256Missing =
        "Missing required header for this request: x-amz-content-sha256"
    static let contentSHA256Invalid =
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING keyword or a valid sha256 "
        + "value."
    static let objectAccessControlNotSupported =
        "Access is set per bucket: an object cannot have an access control list that differs "
        + "from its bucket's."
    static let noSuchUpload =
        "The specified upload does not exist. The upload ID may be invalid, or the upload may "
        + "have been aborted or completed."
    static let bucketAlreadyExists =
        "The requested bucket name is not available: somebody else uses it."
    static let incompleteBody =
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    static let metadataTooLarge =
        "Your metadata headers exceed the maximum allowed metadata size"
    static let malformedXML =
        "The XML you provided was not well-formed or did not validate against our published "
        + "schema"
    static let malformedACL =
        "The XML you provided was not well-formed or is not an access control list."
    static let contentSHA256Mismatch =
        "The provided 'x-amz-content-sha256' header does not match what was computed."
    static let malformedTrailer =
        "The request contained trailing data that was not well-formed or did not conform to our "
        + "published schema."
    static let requestTimeout =
        "Your socket connection to the server was not read from or written to within the "
        + "timeout period."
    static let partNotFound =
        "could not be found. It may not have been uploaded, or the specified entity tag or "
        + "checksum may not match the part's."
    static let insufficientStorage =
        "There is not enough free space to store this; nothing was changed."
}
