import Foundation

/// The targets of Package.swift and the arrows between them, read from its text.
struct Manifest {
    /// One target: its list (which names its layer) and what it may import.
    struct Target {
        let name: String
        let list: String
        let dependencies: Set<String>
    }

    /// The lists of targets in Package.swift, lowest layer first.
    static let layers = [
        "foreignCode", "pure", "inputOutput", "engine", "surface", "server", "testTargets",
    ]

    let targets: [String: Target]

    init() throws {
        let url = SourceTree.root.appending(path: "Package.swift")
        let text = try String(contentsOf: url, encoding: .utf8)
        var targets: [String: Target] = [:]
        for list in Self.layers {
            guard let start = text.range(of: "let \(list): [Target] = [\n"),
                let end = text.range(of: "\n]\n", range: start.upperBound..<text.endIndex)
            else { continue }
            for target in Self.targets(in: text[start.upperBound..<end.lowerBound], list: list) {
                targets[target.name] = target
            }
        }
        self.targets = targets
    }

    func layer(of name: String) -> Int? {
        targets[name].flatMap { Self.layers.firstIndex(of: $0.list) }
    }

    /// The words that stand for products of packages outside.
    private static let products = [
        "nioCore": "NIOCore", "nioPosix": "NIOPosix", "nioHTTP1": "NIOHTTP1", "nioSSL": "NIOSSL",
        "heap": "HeapModule", "logging": "Logging", "lifecycle": "ServiceLifecycle",
        "configuration": "Configuration",
        "systemPackage": "SystemPackage", "argumentParser": "ArgumentParser",
    ]

    private static func targets(in body: Substring, list: String) -> [Target] {
        let opening =
            /^    (?:module|tests|systemLibrary|\.executableTarget|\.target|\.testTarget)\(/
            .anchorsMatchLineEndings()
        let starts = body.ranges(of: opening).map(\.lowerBound) + [body.endIndex]
        return zip(starts, starts.dropFirst()).compactMap { start, end in
            let text = body[start..<end]
            let words = text.matches(
                of:
                    /"([A-Za-z0-9]+)"|\b(nio[A-Z]\w+|heap|logging|lifecycle|configuration|systemPackage|argumentParser)\b/
            )
            .compactMap { match in
                match.output.1.map(String.init)
                    ?? match.output.2.flatMap { products[String($0)] }
            }
            guard let name = words.first else { return nil }
            return Target(name: name, list: list, dependencies: Set(words.dropFirst()))
        }
    }
}
