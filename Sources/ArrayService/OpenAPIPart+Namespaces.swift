extension OpenAPIPart {
    /// `/v1/namespaces`.
    static let namespaces = OpenAPIPart(
        paths: #"""
            "/v1/namespaces": {
              "get": {
                "operationId": "listNamespaces", "tags": ["namespaces"],
                "summary": "Lists the namespaces that the caller may list.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [
                  {"$ref": "#/components/parameters/Prefix"},
                  {"$ref": "#/components/parameters/Cursor"},
                  {"$ref": "#/components/parameters/Limit"}
                ],
                "responses": {
                  "200": {
                    "description": "A page.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NamespacePage"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            },
            "/v1/namespaces/{namespace}": {
              "parameters": [{"$ref": "#/components/parameters/NamespacePath"}],
              "get": {
                "operationId": "describeNamespace", "tags": ["namespaces"],
                "summary": "Describes a namespace.",
                "responses": {
                  "200": {"$ref": "#/components/responses/NamespaceDescription"},
                  \#(OpenAPIDocument.usualRefusals)
                }
              },
              "put": {
                "operationId": "createNamespace", "tags": ["namespaces"],
                "summary": "Creates a namespace; asking again is no error for its owner.",
                "security": [{"basic": []}, {"signature": []}],
                "requestBody": {
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NamespaceCreation"}}}
                },
                "responses": {
                  "200": {"$ref": "#/components/responses/NamespaceDescription"},
                  "201": {"$ref": "#/components/responses/NamespaceDescription"},
                  \#(OpenAPIDocument.changeRefusals)
                }
              },
              "patch": {
                "operationId": "changeNamespace", "tags": ["namespaces"],
                "summary": "Changes who may read a namespace without keys.",
                "security": [{"basic": []}, {"signature": []}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NamespaceChange"}}}
                },
                "responses": {
                  "200": {"$ref": "#/components/responses/NamespaceDescription"},
                  \#(OpenAPIDocument.changeRefusals)
                }
              },
              "delete": {
                "operationId": "deleteNamespace", "tags": ["namespaces"],
                "summary": "Deletes a namespace that holds nothing.",
                "security": [{"basic": []}, {"signature": []}],
                "responses": {
                  "204": {"description": "It is gone."},
                  \#(OpenAPIDocument.changeRefusals)
                }
              }
            }
            """#,
        schemas: #"""
            "Access": {"enum": ["private", "public-read"]},
            "NamespaceCreation": {
              "type": "object", "additionalProperties": false,
              "properties": {"access": {"$ref": "#/components/schemas/Access"}}
            },
            "NamespaceChange": {
              "type": "object", "additionalProperties": false, "required": ["access"],
              "properties": {"access": {"$ref": "#/components/schemas/Access"}}
            },
            "ListedNamespace": {
              "type": "object", "required": ["name", "owner", "access", "created"],
              "properties": {
                "name": {"$ref": "#/components/schemas/NamespaceName"},
                "owner": {"type": "string"},
                "access": {"$ref": "#/components/schemas/Access"},
                "created": {"$ref": "#/components/schemas/Timestamp"}
              }
            },
            "NamespacePage": {
              "type": "object", "required": ["namespaces", "next"],
              "properties": {
                "namespaces": {
                  "type": "array", "items": {"$ref": "#/components/schemas/ListedNamespace"}, "maxItems": 1000
                },
                "next": {"$ref": "#/components/schemas/Next"}
              }
            },
            "Namespace": {
              "allOf": [
                {"$ref": "#/components/schemas/ListedNamespace"},
                {
                  "required": ["arrays", "groups", "truncated"],
                  "properties": {
                    "arrays": {"type": "integer", "minimum": 0},
                    "groups": {"type": "integer", "minimum": 0},
                    "truncated": {"type": "boolean", "description": "Whether there are more than were counted."}
                  }
                }
              ]
            }
            """#,
        responses: #"""
            "NamespaceDescription": {
              "description": "The namespace.",
              "headers": {"Location": {"schema": {"type": "string"}}},
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Namespace"}}}
            }
            """#,
        problemCodes: [
            "namespace_name_invalid", "namespace_taken", "namespace_exists", "namespace_not_empty",
            "member_unknown", "member_missing", "member_invalid", "out_of_space",
        ] + OpenAPIDocument.bodyProblemCodes
    )
}
