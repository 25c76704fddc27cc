extension OpenAPIPart {
    /// `/v1/arrays`.
    static let arrays = OpenAPIPart(
        paths: #"""
            "/v1/arrays": {
              "get": {
                "operationId": "listArrays", "tags": ["arrays"],
                "summary": "Lists everything that the caller may list.",
                "description": "The prefix is compared with `namespace/name`.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [
                  {"$ref": "#/components/parameters/Prefix"},
                  {"$ref": "#/components/parameters/Cursor"},
                  {"$ref": "#/components/parameters/Limit"}
                ],
                "responses": {
                  "200": {
                    "description": "A page.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ArrayPage"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              }
            },
            "/v1/arrays/{reference}": {
              "get": {
                "operationId": "describeArray", "tags": ["arrays"],
                "summary": "Describes an array or group, or lists a namespace.",
                "description": "A reference of one component without a tag is a namespace: its arrays are listed, and the prefix is compared with their names. A name with several versions gives all of them.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/Prefix"},
                  {"$ref": "#/components/parameters/Cursor"},
                  {"$ref": "#/components/parameters/Limit"}
                ],
                "responses": {
                  "200": {
                    "description": "A page of the namespace, the versions of a name, or one array or group.",
                    "content": {"application/json": {"schema": {"anyOf": [
                      {"$ref": "#/components/schemas/Array"},
                      {"$ref": "#/components/schemas/VersionList"},
                      {"$ref": "#/components/schemas/ArrayPage"}
                    ]}}}
                  },
                  \#(OpenAPIDocument.usualRefusals)
                }
              },
              \#(arrayChanges)
            }
            """#,
        schemas: #"""
            \#(arrayChangeSchemas),
            "ArrayPage": {
              "type": "object", "required": ["arrays", "next"],
              "properties": {
                "arrays": {"type": "array", "items": {"$ref": "#/components/schemas/Array"}, "maxItems": 1000},
                "next": {"$ref": "#/components/schemas/Next"}
              }
            },
            "VersionList": {
              "type": "object", "required": ["namespace", "name", "versions", "truncated"],
              "properties": {
                "namespace": {"$ref": "#/components/schemas/NamespaceName"},
                "name": {"type": "string"},
                "versions": {"type": "array", "items": {"$ref": "#/components/schemas/Array"}},
                "truncated": {"type": "boolean"}
              }
            },
            "Array": {
              "description": "An array or group. What is not known of it is left out.",
              "type": "object",
              "required": ["reference", "namespace", "name", "tag", "kind", "dialect", "changed", "key_prefix"],
              "properties": {
                "reference": {"type": "string"},
                "namespace": {"$ref": "#/components/schemas/NamespaceName"},
                "name": {"type": "string"},
                "tag": {"type": "string"},
                "member": {"type": "string"},
                "kind": {"enum": ["array", "group", "unreadable"]},
                "dialect": {"enum": ["zarr3", "zarr2", "hub0"]},
                "note": {"type": "string"},
                "shape": {"$ref": "#/components/schemas/Shape"},
                "dtype": {"type": "string"},
                "chunk_shape": {"$ref": "#/components/schemas/Shape"},
                "inner_chunk_shape": {"$ref": "#/components/schemas/Shape"},
                "codecs": {"type": "array", "items": {"type": "string"}},
                "order": {"enum": ["C", "F"]},
                "byte_order": {"enum": ["little", "big", null]},
                "fill_value": true,
                "dimension_names": {"type": "array", "items": {"type": ["string", "null"]}},
                "attributes": true,
                "attributes_bytes": {"type": "integer"},
                "chunks_total": {"type": "integer", "minimum": 0},
                "chunks_stored": {"type": "integer", "minimum": 0},
                "bytes_stored": {"type": "integer", "minimum": 0},
                "content_hash": {"$ref": "#/components/schemas/ContentHash"},
                "changed": {"$ref": "#/components/schemas/Timestamp"},
                "key_prefix": {"type": "string"},
                "metadata_entity_tag": {
                  "description": "For `If-Match` of a PATCH, with its quotation marks: which state shape, attributes and all other metadata are in, whatever the chunks hold.",
                  "type": "string", "pattern": "^\"[0-9]+(-[0-9]+)?\"$"
                },
                "members": {"type": "array", "items": {"$ref": "#/components/schemas/Array"}},
                "truncated": {"type": "boolean"}
              }
            }
            """#,
        problemCodes: [
            "array_missing", "reference_invalid", "array_changing", "array_exists", "array_changed",
            "specification_invalid", "dialect_unsupported", "version_sealed", "inside_array",
            "members_inside", "attributes_unreadable",
        ] + OpenAPIDocument.bodyProblemCodes
    )
}
