extension OpenAPIPart {
    /// `/v1/chunks`.
    static let chunks = OpenAPIPart(
        paths: #"""
            "/v1/chunks/{reference}": {
              "post": {
                "operationId": "readChunks", "tags": ["zarr"],
                "summary": "Reads many chunks of an array in one answer, each as the Zarr view gives it.",
                "description": "The chunks are those of one state of the array. The answer has one frame for each key, in the order of the request: 16 bytes of little-endian fields (status, 2 bytes: 200, 304 or 404; length of the entity tag, 2; length of the content coding, 2; zero, 2; length of the payload, 8), the entity tag, the coding, and the payload. Who accepts `application/vnd.nave.checked-chunks` gets 4 more bytes behind each payload: the CRC-32C, little-endian, of the payload, then of all bytes of the frame before it, then of the chunk's path, which is the reference as the request has it, without percent-encoding, a slash, and the key.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"name": "Accept", "in": "header", "schema": {"type": "string"},
                   "description": "`application/vnd.nave.checked-chunks` for frames with checksums; other forms are those without."}
                ],
                "requestBody": {
                  "required": true,
                  "description": "At most 256 KiB.",
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ChunksRequest"}}}
                },
                "responses": {
                  "200": {
                    "description": "The frames.",
                    "content": {
                      "application/vnd.nave.chunks": {},
                      "application/vnd.nave.checked-chunks": {}
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
            "ChunksRequest": {
              "type": "object", "additionalProperties": false, "required": ["keys"],
              "properties": {
                "keys": {
                  "description": "Keys of chunks, as they follow the reference in the Zarr view.",
                  "type": "array", "maxItems": 1024,
                  "items": {"type": "string", "pattern": "^(c|(c[./])?[0-9]+([./][0-9]+)*)$"}
                },
                "entity_tags": {
                  "description": "For each key the entity tag, with its quotation marks, of what the client has: a chunk that has it still comes as a 304 without a payload.",
                  "type": ["array", "null"], "maxItems": 1024,
                  "items": {"type": ["string", "null"]}
                }
              },
              "examples": [{"keys": ["c/0/0", "c/0/1"]}]
            }
            """#,
        problemCodes: ["array_missing"] + OpenAPIDocument.bodyProblemCodes
    )
}
