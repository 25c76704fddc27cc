extension OpenAPIDocument {
    static let head = ""
    static let securitySchemes = ""
    static let parameters = ""
    static let responses = ""
    static let commonSchemas = ""
}
