extension OpenAPIPart {
    /// `/v1/drafts`.
    static let drafts = OpenAPIPart(
        paths: #"""
            "/v1/drafts/{reference}": {
              "get": {
                "operationId": "listDrafts", "tags": ["versions"],
                "summary": "Lists the drafts of a name, or of one version of it.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "responses": {
                  "200": {
                    "description": "The drafts.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DraftList"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              },
              "post": {
                "operationId": "createDraft", "tags": ["versions"],
                "summary": "Begins a draft of a version: a private fork that is committed into it as a whole, or discarded.",
                "description": "The answer names it; it is written to like any version.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "requestBody": {
                  "content": {"application/json": {"schema": {"type": "object", "additionalProperties": false}}}
                },
                "responses": {
                  "201": {"$ref": "#/components/responses/VersionDescription"},
                  \#(OpenAPIDocument.changeRefusals)
                }
              },
              "delete": {
                "operationId": "discardDraft", "tags": ["versions"],
                "summary": "Throws a draft away.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{"$ref": "#/components/parameters/VersionReference"}],
                "responses": {
                  "204": {"description": "It is gone."},
                  \#(OpenAPIDocument.changeRefusals)
                }
              }
            }
            """#,
        schemas: #"""
            "DraftList": {
              "type": "object", "required": ["drafts", "truncated"],
              "properties": {
                "drafts": {
                  "type": "array", "items": {"$ref": "#/components/schemas/Version"}, "maxItems": 1000
                },
                "truncated": {"type": "boolean"}
              }
            }
            """#,
        problemCodes: versionProblemCodes + ["tag_too_long", "forked_too_often"]
            + OpenAPIDocument.bodyProblemCodes
    )

    /// `/v1/changes`.
    static let changes = OpenAPIPart(
        paths: #"""
            "/v1/changes/{namespace}": {
              "get": {
                "operationId": "followChanges", "tags": ["versions"],
                "summary": "Tells what happens in a namespace, as it happens.",
                "description": "A stream of server-sent events without an end. The `id` of an event is the number with which a client goes on after a break; its `data` is the JSON of `ChangeEvent`. The stream begins with the `id` after which it tells, without an event. A quiet stream sends a comment every 15 seconds. The event `reset` says that older events are no longer kept: read anew what you follow.",
                "parameters": [
                  {"$ref": "#/components/parameters/NamespacePath"},
                  {
                    "name": "after", "in": "query",
                    "description": "The `id` of the last event that is known; what comes from now on if it is left out.",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 9223372036854775807}
                  },
                  {
                    "name": "prefix", "in": "query",
                    "description": "What the names of arrays begin with.",
                    "schema": {"type": "string", "maxLength": 1024}
                  },
                  {
                    "name": "Last-Event-ID", "in": "header",
                    "description": "As `after`, and before it.",
                    "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "The events.",
                    "content": {"text/event-stream": {
                      "schema": {"type": "string"},
                      "x-event-data": {"$ref": "#/components/schemas/ChangeEvent"}
                    }}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            }
            """#,
        schemas: #"""
            "ChangeEvent": {
              "description": "What `data` says of the events `written`, `deleted`, `forked`, `committed`, `sealed`, `unsealed`, `rolled_back`, `renamed`, `version_deleted`, `draft_created` and `draft_discarded`.",
              "type": "object", "required": ["namespace", "name", "tag", "time", "actor"],
              "properties": {
                "namespace": {"$ref": "#/components/schemas/NamespaceName"},
                "name": {"type": "string"},
                "tag": {"type": "string"},
                "member": {"description": "The array or group inside the version.", "type": "string"},
                "key": {"description": "The key that was written or deleted.", "type": "string"},
                "before": {"description": "Of `renamed`: what it was called.", "type": "string"},
                "digest": {"description": "Of commits.", "type": "string"},
                "time": {"$ref": "#/components/schemas/Timestamp"},
                "actor": {"description": "Who did it; null if nobody signed.", "type": ["string", "null"]}
              }
            }
            """#
    )
}
