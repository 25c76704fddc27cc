extension OpenAPIPart {
    /// `/v1/gather`.
    static let gather = OpenAPIPart(
        paths: #"""
            "/v1/gather/{reference}": {
              "post": {
                "operationId": "gatherElements", "tags": ["elements"],
                "summary": "Reads many samples or boxes as one stream, in the order of the request.",
                "description": "Boxes of different shapes come as `.npy` files one behind the other, or as `raw` elements that follow one another.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"name": "format", "in": "query", "schema": {"enum": ["npy", "raw"], "default": "npy"}}
                ],
                "requestBody": {
                  "required": true,
                  "description": "At most 8 MiB.",
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GatherRequest"}}}
                },
                "responses": {
                  "200": {
                    "description": "The elements.",
                    "headers": {
                      "X-Nave-Shape": {
                        "description": "The shape as a JSON list; absent where the boxes have different shapes.",
                        "schema": {"type": "string"}
                      },
                      "X-Nave-Dtype": {"description": "The data type by its name in Zarr v3.", "schema": {"type": "string"}}
                    },
                    "content": {
                      "application/x-npy": {}, "application/octet-stream": {},
                      "application/x-npy-sequence": {}
                    }
                  },
                  \#(OpenAPIDocument.usualRefusals),
                  "415": {"$ref": "#/components/responses/BodyEncoded"},
                  "413": {"$ref": "#/components/responses/BodyTooLarge"},
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        schemas: #"""
            "GatherRequest": {
              "type": "object", "additionalProperties": false,
              "properties": {
                "samples": {
                  "description": "Indices along the first axis, in any order, with repetitions.",
                  "type": "array", "items": {"type": "integer"}, "maxItems": 1000000
                },
                "boxes": {
                  "description": "Slices, spelled without escapes.",
                  "type": "array", "items": {"type": "string", "pattern": "^[ -!#-\\[\\]-~]*$"}, "maxItems": 100000
                }
              },
              "oneOf": [{"required": ["samples"]}, {"required": ["boxes"]}],
              "examples": [{"samples": [3, 0, -1]}, {"boxes": ["0:2,:3", "1:3,1:4"]}]
            }
            """#,
        problemCodes: readProblemCodes + OpenAPIDocument.bodyProblemCodes
    )
}
