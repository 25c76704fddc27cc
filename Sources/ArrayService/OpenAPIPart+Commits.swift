extension OpenAPIPart {
    /// `/v1/commits` and `/v1/history`.
    static let commits = OpenAPIPart(
        paths: #"""
            "/v1/commits/{reference}": {
              "get": {
                "operationId": "describeCommit", "tags": ["versions"],
                "summary": "Describes a commit.",
                "parameters": [{"$ref": "#/components/parameters/CommitReference"}],
                "responses": {
                  "200": {"$ref": "#/components/responses/CommitDescription"},
                  \#(OpenAPIDocument.usualRefusals)
                }
              },
              "post": {
                "operationId": "commitVersion", "tags": ["versions"],
                "summary": "Commits a version, or a draft into its version.",
                "description": "A version that has not changed since its newest commit answers with that one, 200 and `new` false; the message is then not kept. A draft is merged if no key was changed on both sides, and is gone afterwards.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/CommitReference"}],
                "requestBody": {
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CommitRequest"}}}
                },
                "responses": {
                  "200": {"$ref": "#/components/responses/CommitDescription"},
                  "201": {"$ref": "#/components/responses/CommitDescription"},
                  \#(OpenAPIDocument.usualRefusals),
                  "409": {"$ref": "#/components/responses/CommitConflict"},
                  "413": {"$ref": "#/components/responses/BodyTooLarge"},
                  "507": {"$ref": "#/components/responses/OutOfSpace"}
                }
              },
              "delete": {
                "operationId": "forgetCommit", "tags": ["versions"],
                "summary": "Keeps a commit no longer.",
                "description": "The newest commit of a version stays.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/CommitReference"}],
                "responses": {
                  "204": {"description": "It is gone."},
                  \#(OpenAPIDocument.changeRefusals)
                }
              }
            },
            "/v1/history/{reference}": {
              "get": {
                "operationId": "listHistory", "tags": ["versions"],
                "summary": "Lists the commits of a version, or those that a commit goes back to, the newest first.",
                "parameters": [
                  {"$ref": "#/components/parameters/CommitReference"},
                  {
                    "name": "cursor", "in": "query",
                    "description": "The `next` of the page before.",
                    "schema": {"$ref": "#/components/schemas/Digest"}
                  },
                  {"$ref": "#/components/parameters/Limit"}
                ],
                "responses": {
                  "200": {
                    "description": "A page.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/History"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            }
            """#,
        schemas: #"""
            "CommitRequest": {
              "type": "object", "additionalProperties": false,
              "properties": {"message": {"$ref": "#/components/schemas/CommitMessage"}},
              "examples": [{"message": "Second run of the microscope"}]
            },
            "Commit": {
              "type": "object",
              "required": [
                "reference", "digest", "tag", "parent", "author", "message", "time", "keys", "bytes",
                "content_hash"
              ],
              "properties": {
                "reference": {"type": "string"},
                "digest": {"$ref": "#/components/schemas/Digest"},
                "tag": {"description": "What the version was called then.", "type": "string"},
                "parent": {
                  "description": "The commit before; null of the first.",
                  "anyOf": [{"$ref": "#/components/schemas/Digest"}, {"type": "null"}]
                },
                "author": {"type": ["string", "null"]},
                "message": {"$ref": "#/components/schemas/CommitMessage"},
                "time": {"$ref": "#/components/schemas/Timestamp"},
                "keys": {"type": "integer", "minimum": 0},
                "bytes": {"type": "integer"},
                "content_hash": {"$ref": "#/components/schemas/ContentHash"},
                "new": {
                  "description": "In the answer to a request to commit: whether there is a new commit.",
                  "type": "boolean"
                }
              }
            },
            "History": {
              "type": "object", "required": ["commits", "next"],
              "properties": {
                "commits": {
                  "type": "array", "items": {"$ref": "#/components/schemas/Commit"}, "maxItems": 1000
                },
                "next": {"$ref": "#/components/schemas/Next"}
              }
            }
            """#,
        responses: #"""
            "CommitDescription": {
              "description": "The commit.",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Commit"}}}
            },
            "CommitConflict": {
              "description": "It contradicts what is there. With the code `draft_conflict`, the draft and its version changed the same keys, each to something else.",
              "content": {"application/problem+json": {"schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {
                  "if": {"properties": {"code": {"const": "draft_conflict"}}},
                  "then": {"required": ["conflicts", "count"]},
                  "properties": {
                    "conflicts": {
                      "description": "The first of the keys, in the version.",
                      "type": "array", "items": {"type": "string"}, "maxItems": 1000
                    },
                    "count": {"type": "integer", "minimum": 1}
                  }
                }
              ]}}}
            }
            """#,
        problemCodes: versionProblemCodes + [
            "digest_needed", "commit_in_use", "draft_base_gone", "draft_conflict",
            "message_too_long",
            "forked_too_often",
        ] + OpenAPIDocument.bodyProblemCodes
    )

    /// `/v1/diff`.
    static let differences = OpenAPIPart(
        paths: #"""
            "/v1/diff/{reference}": {
              "get": {
                "operationId": "compareVersions", "tags": ["versions"],
                "summary": "Compares two versions, drafts or commits of a namespace, key by key.",
                "description": "Of a key that is a chunk it says which part of which array that is.",
                "parameters": [
                  {"$ref": "#/components/parameters/CommitReference"},
                  {
                    "name": "to", "in": "query", "required": true,
                    "description": "The other one: a tag or a digest of the same name, or `name:tag`.",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 2048},
                    "example": "v1"
                  },
                  {
                    "name": "cursor", "in": "query",
                    "description": "The `next` of the page before: a key.",
                    "schema": {"type": "string", "maxLength": 1024}
                  },
                  {"$ref": "#/components/parameters/Limit"}
                ],
                "responses": {
                  "200": {
                    "description": "A page.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Difference"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            }
            """#,
        schemas: #"""
            "Difference": {
              "type": "object", "required": ["from", "to", "changes", "truncated", "next"],
              "properties": {
                "from": {"type": "string"},
                "to": {"type": "string"},
                "changes": {
                  "description": "In the order of the keys' bytes.",
                  "type": "array", "items": {"$ref": "#/components/schemas/KeyDifference"}, "maxItems": 1000
                },
                "truncated": {
                  "description": "Whether there were more keys to compare than are looked at.",
                  "type": "boolean"
                },
                "next": {"$ref": "#/components/schemas/Next"}
              }
            },
            "KeyDifference": {
              "type": "object", "required": ["key", "change", "before", "after"],
              "properties": {
                "key": {"type": "string"},
                "change": {"enum": ["added", "removed", "changed"]},
                "before": {"$ref": "#/components/schemas/ComparedObject"},
                "after": {"$ref": "#/components/schemas/ComparedObject"},
                "member": {"description": "Of a chunk: the path of its array.", "type": "string"},
                "chunk": {
                  "description": "Its coordinates in the grid.",
                  "$ref": "#/components/schemas/Shape"
                },
                "box": {
                  "description": "Its elements, half-open per axis and clipped to the array.",
                  "type": "array", "maxItems": 32,
                  "items": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
                }
              }
            },
            "ComparedObject": {
              "description": "What is stored under the key; null for nothing.",
              "type": ["object", "null"], "required": ["etag", "bytes"],
              "properties": {
                "etag": {"type": "string"},
                "bytes": {"type": "integer", "minimum": 0}
              }
            }
            """#,
        problemCodes: versionProblemCodes
    )
}
