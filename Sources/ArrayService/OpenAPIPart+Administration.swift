extension OpenAPIPart {
    /// `/v1/principals`.
    static let principals = OpenAPIPart(
        paths: #"""
            "/v1/principals": {
              "get": {
                "operationId": "listPrincipals", "tags": ["administration"],
                "summary": "Lists who may sign.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "200": {
                    "description": "All principals.",
                    "content": {"application/json": {"schema": {
                      "type": "object", "required": ["principals"],
                      "properties": {"principals": {"type": "array", "items": {
                        "type": "object", "required": ["name", "access_key"],
                        "properties": {"name": {"type": "string"}, "access_key": {"type": "string"}}
                      }}}
                    }}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            },
            "/v1/principals/{name}": {
              "parameters": [{
                "name": "name", "in": "path", "required": true,
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
              }],
              "put": {
                "operationId": "addPrincipal", "tags": ["administration"],
                "summary": "Makes a principal and shows its keys, this once.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "201": {
                    "description": "The keys.",
                    "content": {"application/json": {"schema": {
                      "type": "object", "required": ["name", "access_key", "secret_key"],
                      "properties": {
                        "name": {"type": "string"}, "access_key": {"type": "string"},
                        "secret_key": {"type": "string"}
                      }
                    }}}
                  },
                  \#(OpenAPIDocument.usualRefusals),
                  "409": {"$ref": "#/components/responses/Conflict"},
                  "507": {"$ref": "#/components/responses/OutOfSpace"}
                }
              },
              "delete": {
                "operationId": "removePrincipal", "tags": ["administration"],
                "summary": "Removes a principal; its namespaces remain.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "204": {"description": "It is gone."},
                  \#(OpenAPIDocument.usualRefusals),
                  "409": {"$ref": "#/components/responses/Conflict"},
                  "507": {"$ref": "#/components/responses/OutOfSpace"}
                }
              }
            }
            """#,
        problemCodes: [
            "principal_name_invalid", "principal_exists", "principal_missing", "principal_is_root",
            "out_of_space", "stopping",
        ]
    )

    /// `/v1/volumes/…`.
    static let volumes = OpenAPIPart(
        paths: #"""
            "/v1/volumes/{volume}": {
              "parameters": [{
                "name": "volume", "in": "path", "required": true,
                "description": "What `/-/ready` calls the volume.",
                "schema": {"type": "string", "format": "uuid"}
              }],
              "delete": {
                "operationId": "forgetVolume", "tags": ["administration"],
                "summary": "Forgets a volume that is missing for good, unless it may have the only copy of something.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "204": {"description": "It is listed no longer, and is not taken back."},
                  \#(OpenAPIDocument.usualRefusals),
                  "409": {"$ref": "#/components/responses/Conflict"}
                }
              }
            }
            """#,
        problemCodes: [
            "volume_unknown", "volume_present", "volumes_too_few", "volume_failed", "volume_needed",
            "stopping",
        ]
    )

    /// `/v1/damage` and `/v1/backups`.
    static let maintenance = OpenAPIPart(
        paths: #"""
            "/v1/damage": {
              "get": {
                "operationId": "listDamage", "tags": ["administration"],
                "summary": "Lists the known damage on the disks.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "200": {
                    "description": "The damage that is left, and what was healed, with the objects that show it.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DamageList"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            },
            "/v1/backups": {
              "get": {
                "operationId": "showBackup", "tags": ["administration"],
                "summary": "Says what became of the last backup.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "200": {"$ref": "#/components/responses/BackupState"},
                  \#(OpenAPIDocument.usualRefusals)
                }
              },
              "post": {
                "operationId": "beginBackup", "tags": ["administration"],
                "summary": "Begins a backup into a folder of the server's machine, asked for from there.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [{
                  "name": "target", "in": "query", "required": true,
                  "description": "An absolute path.",
                  "schema": {"type": "string", "pattern": "^/"}
                }],
                "responses": {
                  "202": {"$ref": "#/components/responses/BackupState"},
                  \#(OpenAPIDocument.usualRefusals),
                  "409": {"$ref": "#/components/responses/Conflict"}
                }
              }
            }
            """#,
        schemas: #"""
            "DamageList": {
              "type": "object", "required": ["found_count", "healed_count", "damage"],
              "properties": {
                "found_count": {"type": "integer"}, "healed_count": {"type": "integer"},
                "damage": {"type": "array", "items": {
                  "type": "object",
                  "required": [
                    "found", "seen", "volume", "path", "kind", "state", "objects", "more_objects"
                  ],
                  "properties": {
                    "found": {"type": "integer"}, "seen": {"type": "integer"},
                    "volume": {"type": "string"}, "path": {"type": "string"},
                    "offset": {"type": "integer"}, "kind": {"type": "string"},
                    "state": {"type": "string"},
                    "objects": {
                      "type": "array", "items": {"type": "string"}, "maxItems": 16,
                      "description": "The objects that show the bytes now, by `namespace/key`; of a commit by `namespace/name@sha256:…/key`."
                    },
                    "more_objects": {
                      "type": "integer", "minimum": 0, "maximum": 240,
                      "description": "How many objects beside those show them; counted up to 240."
                    }
                  }
                }}
              }
            },
            "Backup": {
              "type": "object", "required": ["state", "target"],
              "properties": {
                "state": {"enum": ["none", "running", "done", "failed"]},
                "target": {"type": "string"}
              }
            }
            """#,
        responses: #"""
            "BackupState": {
              "description": "The backup that is under way, or the last one.",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Backup"}}}
            }
            """#,
        problemCodes: [
            "backup_target_invalid", "backup_refused", "backup_running", "local_only",
        ]
    )

    /// `/v1/openapi.json`.
    static let openAPI = OpenAPIPart(
        paths: #"""
            "/v1/openapi.json": {
              "get": {
                "operationId": "describeAPI",
                "summary": "This document.",
                "security": [{}],
                "responses": {
                  "200": {
                    "description": "An OpenAPI document.",
                    "content": {"application/json": {"schema": {"type": "object", "required": ["openapi", "paths"]}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "405": {"$ref": "#/components/responses/MethodNotAllowed"}
                }
              }
            }
            """#
    )
}
