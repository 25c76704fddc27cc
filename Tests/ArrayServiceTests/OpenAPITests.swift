import ArrayModel
import Foundation
import Testing

@testable import ArrayService

/// Holds the document that describes the API against the routes and the problems in the code.
///
/// That the document is one, and that answers are as it says, is checked with the clients' own tools.
@Suite struct OpenAPITests {
    /// Resources of other services.
    private static let administration: Set<String> = [
        "/v1/principals", "/v1/principals/{name}", "/v1/volumes/{volume}", "/v1/damage",
        "/v1/backups",
    ]

    private let document: JSONValue

    init() throws {
        document = try JSONValue(parsing: Array(OpenAPIDocument.text.utf8))
    }

    @Test func `every route is described with its methods and its parameters, and nothing else`()
        throws
    {
        let paths = try #require(document["paths"]?.members)
        var rest = Set(paths.map(\.name)).subtracting(Self.administration)
        #expect(rest.count + Self.administration.count == paths.count)
        for route in ArrayRequest.Route.allCases {
            let base = "/v1/\(route.rawValue)"
            let own = paths.filter { $0.name == base || $0.name.hasPrefix(base + "/{") }
            #expect(!own.isEmpty, "\(base)")
            rest.subtract(own.map(\.name))
            var methods: Set<String> = []
            var parameters: Set<String> = []
            for path in own {
                for operation in path.value.members ?? [] where operation.name != "parameters" {
                    methods.insert(operation.name.uppercased())
                    for parameter in operation.value["parameters"]?.elements ?? [] {
                        let parameter = try resolved(parameter)
                        guard parameter["in"] == .string("query") else { continue }
                        parameters.insert(try #require(parameter["name"]?.string))
                    }
                }
            }
            #expect(parameters == Set(route.methods.flatMap(route.parameters)), "\(base)")
            #expect(methods == Set(route.methods.map(\.rawValue)).subtracting(["HEAD"]), "\(base)")
        }
        #expect(rest.isEmpty)
    }

    @Test func `every reference leads somewhere, and every name is used once`() throws {
        let text = OpenAPIDocument.text
        for match in text.matches(of: /"\$ref": "([^"]*)"/) {
            _ = try resolved(.members(["$ref": .string(String(match.output.1))]))
        }
        let operations = text.matches(of: /"operationId": "([^"]*)"/).map { String($0.output.1) }
        #expect(Set(operations).count == operations.count)
        for name in ["schemas", "responses", "parameters"] {
            for member in try #require(document["components"]?[name]?.members) {
                // Members of equal names are one value once they are parsed; the text shows both.
                let spelled = text.matches(of: try Regex("\"\(member.name)\": \\{")).count
                #expect(spelled == 1, "\(member.name)")
                #expect(text.contains("#/components/\(name)/\(member.name)\""), "\(member.name)")
            }
        }
    }

    @Test func `every code of a problem in the sources is listed`() throws {
        let problem = try #require(document["components"]?["schemas"]?["Problem"])
        let codes = try #require(problem["properties"]?["code"]?["enum"]?.elements)
        let listed = Set(codes.compactMap(\.string))
        var found: Set<String> = []
        for text in try Self.sources() {
            // `Problem(.badRequest, "slice_invalid", …)`, over lines or not, and `case .x: "is_draft"`.
            let made = text.matches(of: /\bProblem\(\s*[.\w()]+,\s*"([a-z_]+)"/)
            found.formUnion(made.map { String($0.output.1) })
            guard let table = text.firstMatch(of: /var code: String \{\n(?s:(.*?))\n    \}/) else {
                continue
            }
            let rows = table.output.1.matches(of: /: "([a-z_]+)"/)
            found.formUnion(rows.map { String($0.output.1) })
        }
        #expect(found.contains("slice_invalid") && found.contains("draft_conflict"))
        #expect(found.subtracting(listed).isEmpty)
    }

    /// The texts of the module's source files.
    private static func sources() throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/ArrayService").standardizedFileURL
        let files = try #require(
            FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        )
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
    }

    private func resolved(_ value: JSONValue) throws -> JSONValue {
        guard let reference = value["$ref"]?.string else { return value }
        var found = document
        for segment in reference.dropFirst(2).split(separator: "/") {
            found = try #require(found[String(segment)], "\(reference)")
        }
        return found
    }
}
