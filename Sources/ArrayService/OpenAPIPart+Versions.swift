extension OpenAPIPart {
    /// `/v1/versions` and `/v1/rollbacks`.
    static let versions = OpenAPIPart(
        paths: #"""
            "/v1/versions/{reference}": {
              "get": {
                "operationId": "describeVersion", "tags": ["versions"],
                "summary": "Describes a version, or lists those of a name.",
                "description": "Without a tag all versions of the name are listed, drafts aside.",
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "responses": {
                  "200": {
                    "description": "The version, or all of a name.",
                    "content": {"application/json": {"schema": {"anyOf": [
                      {"$ref": "#/components/schemas/Version"},
                      {"$ref": "#/components/schemas/VersionsOfName"}
                    ]}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              },
              "put": {
                "operationId": "forkVersion", "tags": ["versions"],
                "summary": "Begins a version with what another version, a commit or a folder holds.",
                "description": "No object is copied: it takes as long for a million chunks as for one.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ForkRequest"}}}
                },
                "responses": {
                  "201": {"$ref": "#/components/responses/VersionDescription"},
                  \#(OpenAPIDocument.changeRefusals)
                }
              },
              "patch": {
                "operationId": "changeVersion", "tags": ["versions"],
                "summary": "Seals, unseals or retags a version, sets how many commits it keeps, or renames all versions of a name.",
                "description": "One change at a time. A reference without a tag takes `name` alone, one with a tag anything else. Unsealing is for root.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/VersionChange"}}}
                },
                "responses": {
                  "200": {
                    "description": "The version, or all of a name, after the change.",
                    "content": {"application/json": {"schema": {"anyOf": [
                      {"$ref": "#/components/schemas/Version"},
                      {"$ref": "#/components/schemas/VersionsOfName"}
                    ]}}}
                  },
                  \#(OpenAPIDocument.changeRefusals)
                }
              },
              "delete": {
                "operationId": "deleteVersion", "tags": ["versions"],
                "summary": "Deletes a version; its commits remain as long as something refers to them.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "responses": {
                  "204": {"description": "It is gone."},
                  \#(OpenAPIDocument.changeRefusals)
                }
              }
            },
            "/v1/rollbacks/{reference}": {
              "post": {
                "operationId": "rollBackVersion", "tags": ["versions"],
                "summary": "Makes a version what it was at a commit.",
                "description": "With `If-Match` nothing is changed unless the version holds, at the moment of the change, what it names.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [
                  {"$ref": "#/components/parameters/VersionReference"},
                  {"name": "If-Match", "in": "header", "schema": {"type": "string"},
                   "description": "The `content_hash` of a version in quotation marks, several of them, or `*`."}
                ],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RollbackRequest"}}}
                },
                "responses": {
                  "200": {"$ref": "#/components/responses/VersionDescription"},
                  \#(OpenAPIDocument.changeRefusals),
                  "412": {"$ref": "#/components/responses/PreconditionFailed"}
                }
              }
            }
            """#,
        schemas: #"""
            "Digest": {
              "description": "The address of a commit.",
              "type": "string", "pattern": "^sha256:[0-9a-f]{64}$"
            },
            "CommitMessage": {"type": "string", "maxLength": 4096},
            "RetainedCommits": {
              "description": "How many of the newest commits are kept; null for all.",
              "type": ["integer", "null"], "minimum": 1
            },
            "Version": {
              "type": "object",
              "required": [
                "reference", "namespace", "name", "tag", "opened", "sealed", "digest", "changed_since",
                "retained_commits"
              ],
              "properties": {
                "reference": {"type": "string"},
                "namespace": {"$ref": "#/components/schemas/NamespaceName"},
                "name": {"type": "string"},
                "tag": {"type": "string"},
                "opened": {"$ref": "#/components/schemas/Timestamp"},
                "sealed": {
                  "description": "Since when it is immutable; null if it is not.",
                  "anyOf": [{"$ref": "#/components/schemas/Timestamp"}, {"type": "null"}]
                },
                "digest": {
                  "description": "Its newest commit; null if it has none.",
                  "anyOf": [{"$ref": "#/components/schemas/Digest"}, {"type": "null"}]
                },
                "changed_since": {"description": "Whether it differs from that commit.", "type": "boolean"},
                "retained_commits": {"$ref": "#/components/schemas/RetainedCommits"},
                "expires": {
                  "description": "Of a draft: when it is discarded unless it is written to.",
                  "$ref": "#/components/schemas/Timestamp"
                },
                "keys": {"type": "integer", "minimum": 0},
                "bytes": {"type": "integer"},
                "content_hash": {"$ref": "#/components/schemas/ContentHash"}
              }
            },
            "VersionsOfName": {
              "type": "object", "required": ["namespace", "name", "versions", "truncated"],
              "properties": {
                "namespace": {"$ref": "#/components/schemas/NamespaceName"},
                "name": {"type": "string"},
                "versions": {
                  "type": "array", "items": {"$ref": "#/components/schemas/Version"}, "maxItems": 1000
                },
                "truncated": {"type": "boolean"}
              }
            },
            "ForkRequest": {
              "type": "object", "additionalProperties": false, "required": ["from"],
              "properties": {"from": {
                "description": "A tag of the same name (`v0`), a version (`name:v0`), a commit (`sha256:…`) or a folder of plain keys (`a/b/`).",
                "type": "string"
              }},
              "examples": [{"from": "v0"}]
            },
            "VersionChange": {
              "type": "object", "additionalProperties": false,
              "oneOf": [
                {"required": ["sealed"]}, {"required": ["tag"]}, {"required": ["retained_commits"]},
                {"required": ["name"]}
              ],
              "properties": {
                "sealed": {"description": "Sealing commits first.", "type": "boolean"},
                "message": {
                  "description": "That of the commit, with `sealed`.",
                  "$ref": "#/components/schemas/CommitMessage"
                },
                "tag": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"},
                "retained_commits": {"$ref": "#/components/schemas/RetainedCommits"},
                "name": {"description": "The new name of all versions.", "type": "string", "minLength": 1}
              },
              "examples": [{"sealed": true, "message": "As published"}]
            },
            "RollbackRequest": {
              "type": "object", "additionalProperties": false, "required": ["to"],
              "properties": {"to": {"$ref": "#/components/schemas/Digest"}}
            }
            """#,
        responses: #"""
            "VersionDescription": {
              "description": "The version.",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Version"}}}
            }
            """#,
        problemCodes: versionProblemCodes + [
            "digest_needed", "source_invalid", "one_change_needed", "version_exists",
            "keys_in_place",
            "folder_empty", "folder_holds_versions", "forked_too_often", "message_too_long",
        ] + OpenAPIDocument.bodyProblemCodes
    )

    /// The codes of what is in the way of finding or changing a version.
    static let versionProblemCodes = [
        "tag_needed", "member_given", "version_missing", "version_name_invalid", "version_sealed",
        "version_changing", "commit_missing", "is_draft", "is_no_draft", "member_unknown",
        "member_missing", "member_invalid",
    ]
}
