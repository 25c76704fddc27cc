extension OpenAPIPart {
    /// `/v1/zarr`.
    static let zarr = OpenAPIPart(
        paths: #"""
            "/v1/zarr/{path}": {
              "get": {
                "operationId": "readZarrKey", "tags": ["zarr"],
                "summary": "Reads a key of an array or group as Zarr v3 has it, whatever its dialect.",
                "description": "Below a reference there are `zarr.json` and, for an array, its chunks. Groups list everything below them in `consolidated_metadata`. A chunk that is not stored is missing, and its elements are the fill value.",
                "parameters": [
                  {
                    "name": "path", "in": "path", "required": true,
                    "description": "A reference, a slash and a key.",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 1024},
                    "examples": {
                      "document": {"value": "test/bigarray:v0/zarr.json"},
                      "chunk": {"value": "test/bigarray:v0/c/0/0"}
                    }
                  },
                  {
                    "name": "Range", "in": "header",
                    "description": "One range of the bytes of a chunk; several are answered with everything.",
                    "schema": {"type": "string"}, "example": "bytes=-16"
                  },
                  {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}},
                  {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
                ],
                "responses": {
                  "200": {"$ref": "#/components/responses/ZarrValue"},
                  "206": {"$ref": "#/components/responses/ChunkPart"},
                  "304": {"description": "The client has it already."},
                  \#(OpenAPIDocument.usualRefusals),
                  "412": {"$ref": "#/components/responses/PreconditionFailed"},
                  "416": {"$ref": "#/components/responses/RangeInvalid"},
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        responses: #"""
            "ZarrValue": {
              "description": "The value.",
              "headers": {"ETag": {"required": true, "schema": {"type": "string"}}},
              "content": {
                "application/octet-stream": {},
                "application/json": {"schema": {"type": "object"}}
              }
            },
            "ChunkPart": {
              "description": "The part of a chunk that `Content-Range` names.",
              "headers": {
                "ETag": {"required": true, "schema": {"type": "string"}},
                "Content-Range": {"required": true, "schema": {"type": "string"}}
              },
              "content": {"application/octet-stream": {}}
            }
            """#,
        problemCodes: [
            "key_missing", "array_missing", "chunk_missing", "precondition_failed",
            "range_unsatisfiable",
        ]
    )
}
