/// What all resources share.
extension OpenAPIDocument {
    /// The codes that any resource answers with.
    static let problemCodes = [
        "access_denied", "basic_needs_tls", "clock_skewed", "content_digest_invalid",
        "credentials_malformed", "headers_unsigned", "internal_error", "method_not_allowed",
        "namespace_missing", "overloaded", "parameter_invalid", "parameter_repeated",
        "parameter_unknown", "request_expired", "route_missing", "session_token_unsupported",
        "signature_malformed", "storage_corrupt", "target_invalid", "unauthenticated",
        "unavailable",
    ]

    /// The codes of what is wrong with a body, and of what a change runs into.
    static let bodyProblemCodes = [
        "body_digest_mismatch", "body_framed", "body_incomplete", "body_invalid", "body_too_large",
        "body_too_slow", "condition_unsupported", "content_encoding_unsupported", "out_of_space",
    ]

    static let head = #"""
        "openapi": "3.1.1",
        "info": {
          "title": "Nave",
          "version": "1",
          "summary": "A hub for arrays: lists, describes, versions, slices, writes and reduces what any S3 client stored.",
          "description": "Every resource that takes GET takes HEAD as well, and every resource of arrays and namespaces answers OPTIONS without keys. References such as `namespace/name:tag/member` hold slashes, which may stand in a path as they are or as %2F. Lists of numbers in a query are separated by commas. Errors are problem documents with a stable `code`.",
          "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "servers": [{"url": "/"}],
        "tags": [
          {"name": "arrays", "description": "Creating, listing, describing, changing and deleting."},
          {"name": "elements", "description": "Reading, writing, gathering and reducing."},
          {"name": "pictures", "description": "What an array looks like, and which chunks it has."},
          {"name": "versions", "description": "Tags, commits, drafts, differences and what happens to them."},
          {"name": "zarr", "description": "Arrays of every dialect as read-only Zarr v3."},
          {"name": "namespaces", "description": "What S3 clients know as buckets."},
          {"name": "administration", "description": "For root alone."}
        ],
        "security": [{"basic": []}, {"signature": []}, {}]
        """#

    static let securitySchemes = #"""
        "securitySchemes": {
          "basic": {
            "type": "http", "scheme": "basic",
            "description": "Access key and secret key; over TLS or from the same machine."
          },
          "signature": {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "AWS Signature Version 4 for the service s3, in this header or in the query."
          }
        }
        """#

    static let parameters = #"""
        "parameters": {
          "Reference": {
            "name": "reference", "in": "path", "required": true,
            "description": "`namespace/name:tag/member` or, of a commit, `namespace/name@sha256:…/member`: the name may hold slashes, the tag is `latest` if it is left out, and the member is a path inside a version.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 2048},
            "example": "test/bigarray:v0"
          },
          "VersionReference": {
            "name": "reference", "in": "path", "required": true,
            "description": "`namespace/name:tag`, or `namespace/name` for all versions of a name where that makes sense; without a member.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 2048},
            "example": "test/bigarray:v0"
          },
          "CommitReference": {
            "name": "reference", "in": "path", "required": true,
            "description": "`namespace/name@sha256:…` for a commit, `namespace/name:tag` for the version that is committed.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 2048},
            "example": "test/bigarray:v0"
          },
          "NamespacePath": {
            "name": "namespace", "in": "path", "required": true,
            "schema": {"$ref": "#/components/schemas/NamespaceName"},
            "example": "test"
          },
          "Prefix": {
            "name": "prefix", "in": "query",
            "description": "What the names begin with.",
            "schema": {"type": "string", "maxLength": 1024}
          },
          "Cursor": {
            "name": "cursor", "in": "query",
            "description": "The `next` of the page before.",
            "schema": {"type": "string", "pattern": "^([0-9a-f]{2})*$", "maxLength": 8192}
          },
          "Limit": {
            "name": "limit", "in": "query",
            "description": "The most entries of a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
          },
          "Slice": {
            "name": "slice", "in": "query",
            "description": "NumPy's basic indexing: whole numbers, slices with steps, `...`, `None`, and along one axis a list of numbers or truth values; everything if it is left out.",
            "schema": {"type": "string", "maxLength": 16384, "pattern": "^[ -~]*$"},
            "example": "0:2,...,::-1"
          },
          "PlaneAxes": {
            "name": "axes", "in": "query", "style": "form", "explode": false,
            "description": "Which axes are rows and columns.",
            "schema": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}}
          },
          "PictureSize": {
            "name": "size", "in": "query",
            "description": "The most pixels along either side.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 4096, "default": 512}
          },
          "IfNoneMatch": {
            "name": "If-None-Match", "in": "header",
            "description": "The tags that the client has; 304 if one of them is that of the answer.",
            "schema": {"type": "string"}
          }
        }
        """#

    /// The refusals, one member each.
    ///
    /// What breaks the rules of HTTP, or its bounds, is refused before a resource sees it, in plain text.
    static let responses: [String] = {
        let document = """
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            """
        let text = """
            "text/plain": {"schema": {"type": "string"}}
            """
        let early: Set = ["BadRequest", "BodyTooLarge"]
        let plain: Set = ["TargetTooLong", "HeadTooLong"]
        let all = [
            ("BadRequest", "The request is malformed."),
            ("Unauthenticated", "Keys are missing, or are not right."),
            ("Forbidden", "These keys do not allow it."),
            ("Missing", "It is not there."),
            ("MethodNotAllowed", "The resource takes other methods, which `Allow` lists."),
            ("Conflict", "It contradicts what is there."),
            ("PreconditionFailed", "A condition of the request does not hold."),
            ("BodyTooSlow", "The body comes more slowly than memory is kept for it."),
            ("BodyTooLarge", "The body, or what it asks for, is too large."),
            ("BodyEncoded", "Bodies are taken as they are, without `Content-Encoding`."),
            ("TargetTooLong", "The path and the query have more than 16384 bytes."),
            ("HeadTooLong", "There are too many header fields, or they are too long."),
            ("RangeInvalid", "The range touches none of the bytes."),
            ("Unprocessable", "It is stored, but cannot be used so."),
            ("ServerFailed", "The server failed."),
            (
                "Unavailable",
                "The server is busy or stopping, or what is read is changing: try again."
            ),
            ("OutOfSpace", "The disk is full."),
        ]
        return all.map { name, description in
            let content =
                plain.contains(name)
                ? text : early.contains(name) ? "\(document), \(text)" : document
            return #"""
                "\#(name)": {"description": "\#(description)", "content": {\#(content)}}
                """#
        }
    }()

    /// The refusals of every resource, as members of `responses`.
    static let usualRefusals = #"""
        "400": {"$ref": "#/components/responses/BadRequest"},
        "401": {"$ref": "#/components/responses/Unauthenticated"},
        "403": {"$ref": "#/components/responses/Forbidden"},
        "404": {"$ref": "#/components/responses/Missing"},
        "405": {"$ref": "#/components/responses/MethodNotAllowed"},
        "414": {"$ref": "#/components/responses/TargetTooLong"},
        "431": {"$ref": "#/components/responses/HeadTooLong"},
        "500": {"$ref": "#/components/responses/ServerFailed"},
        "503": {"$ref": "#/components/responses/Unavailable"}
        """#

    /// The refusals of every change, as members of `responses`.
    static let changeRefusals = """
        \(usualRefusals),
        "409": {"$ref": "#/components/responses/Conflict"},
        "413": {"$ref": "#/components/responses/BodyTooLarge"},
        "415": {"$ref": "#/components/responses/BodyEncoded"},
        "507": {"$ref": "#/components/responses/OutOfSpace"}
        """

    static let commonSchemas = #"""
        "NamespaceName": {
          "type": "string", "minLength": 3, "maxLength": 63,
          "pattern": "^[a-z0-9][a-z0-9.-]*[a-z0-9]$",
          "description": "A name by the rules for S3 buckets."
        },
        "Next": {
          "description": "The cursor of the next page; null at the end.",
          "type": ["string", "null"]
        },
        "Timestamp": {"type": "string", "format": "date-time"},
        "ContentHash": {
          "description": "Equal for equal keys and bytes, whatever the order in which they were written.",
          "type": "string", "pattern": "^[0-9a-f]{32}$"
        },
        "Sequence": {
          "description": "The number of the change.",
          "type": "integer", "minimum": 0
        },
        "Shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 32}
        """#
}
