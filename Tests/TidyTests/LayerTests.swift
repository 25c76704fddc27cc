import Foundation
import Testing

/// Holds the imports of every source file against the arrows that Package.swift declares.
///
/// Method: the manifest and the sources are read as text; nothing is compiled.
@Suite struct LayerTests {
    let manifest: Manifest
    let sources: [SourceTree.File]

    init() throws {
        manifest = try Manifest()
        sources = try SourceTree.swiftSources()
    }

    @Test func `every folder below Sources is a target and every target is found`() throws {
        let folders = Set(sources.map(\.target))
        #expect(!folders.isEmpty)
        for folder in folders {
            #expect(manifest.targets[folder] != nil, "Sources/\(folder) is not in Package.swift")
        }
    }

    @Test func `arrows only point down`() {
        for target in manifest.targets.values {
            guard let layer = manifest.layer(of: target.name) else { continue }
            for dependency in target.dependencies {
                guard let below = manifest.layer(of: dependency) else { continue }
                #expect(below <= layer, "\(target.name) depends on \(dependency) above it")
            }
        }
    }

    @Test func `no target reaches itself`() {
        for name in manifest.targets.keys {
            var reached: Set<String> = []
            var open = Array(manifest.targets[name]?.dependencies ?? [])
            while let next = open.popLast() {
                guard reached.insert(next).inserted else { continue }
                open += manifest.targets[next]?.dependencies ?? []
            }
            #expect(!reached.contains(name), "\(name) depends on itself")
        }
    }

    @Test func `files import only what their target declares`() {
        let standard: Set<String> = ["Glibc", "Musl", "Synchronization", "FoundationEssentials"]
        for file in sources {
            let declared = manifest.targets[file.target]?.dependencies ?? []
            for imported in imports(of: file) {
                #expect(
                    standard.contains(imported) || declared.contains(imported),
                    "\(file.path) imports \(imported), which \(file.target) does not declare"
                )
            }
        }
    }

    @Test func `pure modules do no I-O and nobody imports the whole of Foundation`() {
        for file in sources {
            let imported = imports(of: file)
            #expect(!imported.contains("Foundation"), "\(file.path) imports Foundation")
            guard manifest.targets[file.target]?.list == "pure" else { continue }
            for forbidden in ["FoundationEssentials", "NIOCore", "NIOPosix", "Logging", "CSQLite"] {
                #expect(!imported.contains(forbidden), "\(file.path) imports \(forbidden)")
            }
        }
    }

    private func imports(of file: SourceTree.File) -> [String] {
        file.lines.filter { $0.contains("import ") }.compactMap { line in
            guard
                let match = line.firstMatch(
                    of: /^(?:@\w+(?:\(\w+\))? )*(?:public |package |private )?import (?:\w+ )?(\w+)/
                )
            else { return nil }
            return String(match.output.1)
        }
    }
}
