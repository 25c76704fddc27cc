// swift-tools-version: 6.2
import PackageDescription

// The layers of Nave. A target may depend on targets of its own layer or a lower one; the tidy
// test (Tests/TidyTests) holds every import against these arrows. See docs/architecture.md.

/// Strictness shared by every Swift target of ours.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    // Overlapping accesses are still errors where the compiler sees them, and checked at run time in
    // debug builds, which the tests use; the check costs a signed GET of 4 KiB about 3 % of its time.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let configuration = Target.Dependency.product(
    name: "Configuration",
    package: "swift-configuration"
)
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// Tests of a module; all of them may draw numbers that a seed gives again.
func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    path: String? = nil
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies + ["SeededRandom"],
        path: path,
        swiftSettings: strict
    )
}

/// `pkgConfig` is nil for a library that says nothing there and lies where every compiler looks.
func systemLibrary(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let foreignCode: [Target] = [
    systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
    systemLibrary("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
    systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
    systemLibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
    systemLibrary("CBlosc", pkgConfig: "blosc", apt: "libblosc-dev"),
    systemLibrary("CBzip2", pkgConfig: nil, apt: "libbz2-dev"),
    systemLibrary("CLZMA", pkgConfig: "liblzma", apt: "liblzma-dev"),
    .target(name: "CDiskCalls"),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CPictures", linkerSettings: [.linkedLibrary("jpeg")]),
]

let pure: [Target] = [
    module("Checksums", ["COpenSSL", "CKernels"]),
    module("StorageModel"),
    module("SeededRandom"),
    module("StorageFormats", ["StorageModel", "Checksums"]),
    module("ArrayModel"),
    module(
        "ArrayCodecs",
        [
            "ArrayModel", "Checksums", "CKernels", "CZlib", "CZstd", "CBlosc", "CBzip2", "CLZMA",
        ]
    ),
    module("Compression", ["CZlib", "CZstd", "CLZ4"]),
    module("Pictures", ["Checksums", "Compression", "CPictures"]),
    module("AccessControl", ["Checksums", "StorageModel"]),
    module("S3Protocol", ["StorageModel", "Checksums"]),
]

let inputOutput: [Target] = [
    module("DiskIO", ["CDiskCalls", "SeededRandom"]),
    module("SQLiteDatabase", ["CSQLite"]),
    module("Volumes", ["StorageModel", "StorageFormats", "Checksums", "DiskIO"]),
    module(
        "MetadataIndex",
        ["StorageModel", "StorageFormats", "Checksums", "SQLiteDatabase", heap]
    ),
]

let engine: [Target] = [
    module(
        "ObjectStorage",
        [
            "StorageModel", "StorageFormats", "ArrayModel", "Checksums", "DiskIO", "Volumes",
            "SQLiteDatabase", "MetadataIndex", nioCore, logging,
        ]
    ),
    module(
        "Maintenance",
        [
            "StorageModel", "StorageFormats", "Checksums", "DiskIO", "Volumes", "SQLiteDatabase",
            "MetadataIndex", "ObjectStorage", logging,
        ]
    ),
    module(
        "ArrayStorage",
        [
            "StorageModel", "ArrayModel", "ArrayCodecs", "Checksums", "CKernels", "DiskIO",
            "ObjectStorage", nioCore,
        ]
    ),
]

let surface: [Target] = [
    module("HTTPServing", [nioCore, nioPosix, nioHTTP1, nioSSL, logging]),
    module("PayloadServing", ["StorageModel", "ObjectStorage", "HTTPServing", nioCore]),
    module(
        "S3Service",
        [
            "StorageModel", "Checksums", "S3Protocol", "AccessControl", "ObjectStorage",
            "HTTPServing", "PayloadServing", nioCore, nioHTTP1, logging,
        ]
    ),
    module(
        "ArrayService",
        [
            "StorageModel", "Checksums", "ArrayModel", "ArrayCodecs", "ArrayStorage",
            "AccessControl", "S3Protocol", "Compression", "Pictures", "ObjectStorage",
            "DiskIO", "HTTPServing", "PayloadServing", "AdminService", nioCore, nioHTTP1, logging,
        ]
    ),
    module(
        "AdminService",
        [
            "StorageModel", "AccessControl", "Volumes", "ObjectStorage", "Maintenance",
            "HTTPServing", nioCore, nioHTTP1, logging,
        ]
    ),
]

let server: [Target] = [
    module(
        "ServerRuntime",
        [
            "StorageModel", "AccessControl", "DiskIO", "ObjectStorage", "ArrayModel",
            "ArrayStorage", "Maintenance", "Volumes",
            "HTTPServing", "S3Service", "ArrayService", "AdminService", nioCore, nioPosix,
            nioHTTP1, logging, lifecycle, configuration, "Checksums",
        ]
    ),
    .executableTarget(
        name: "nave",
        dependencies: ["ServerRuntime", argumentParser],
        swiftSettings: strict
    ),
]

let benchmarks: [Target] = [
    .executableTarget(
        name: "StorePuts",
        dependencies: [
            "ObjectStorage", "StorageModel", "Checksums", "DiskIO", nioCore, logging,
        ],
        path: "Tests/Benchmarks/StorePuts",
        swiftSettings: strict
    )
]

let testTargets: [Target] = [
    tests("StorageModelTests", ["StorageModel"]),
    tests("TidyTests", []),
    tests("DiskIOTests", ["DiskIO"]),
    tests("SQLiteDatabaseTests", ["SQLiteDatabase"]),
    tests("StorageFormatsTests", ["StorageFormats", "StorageModel", "Checksums"]),
    tests("VolumesTests", ["Volumes", "StorageFormats", "StorageModel", "Checksums", "DiskIO"]),
    tests(
        "MetadataIndexTests",
        ["MetadataIndex", "SQLiteDatabase", "StorageFormats", "StorageModel"]
    ),
    tests(
        "ObjectStorageTests",
        [
            "ObjectStorage", "Checksums", "DiskIO", "MetadataIndex", "SQLiteDatabase",
            "StorageModel", nioCore, logging,
        ]
    ),
    tests(
        "SimulationTests",
        [
            "ObjectStorage", "MetadataIndex", "SQLiteDatabase", "Volumes", "Checksums", "DiskIO",
            "StorageModel", nioCore, logging,
        ],
        path: "Tests/Simulation"
    ),
    tests(
        "MaintenanceTests",
        [
            "Maintenance", "ObjectStorage", "MetadataIndex", "SQLiteDatabase", "Volumes",
            "StorageFormats", "StorageModel", "Checksums", "DiskIO", nioCore, logging,
        ]
    ),
    tests("ArrayModelTests", ["ArrayModel"]),
    tests(
        "ArrayServiceTests",
        [
            "ArrayService", "ArrayModel", "ArrayStorage", "AdminService", "ObjectStorage",
            "HTTPServing", "StorageModel", "DiskIO", nioCore, nioHTTP1, logging,
        ]
    ),
    tests("CKernelsTests", ["CKernels"]),
    tests(
        "ArrayStorageTests",
        [
            "ArrayStorage", "ArrayModel", "ArrayCodecs", "CKernels", "StorageModel",
            "ObjectStorage", "DiskIO",
            nioCore, logging,
        ]
    ),
    tests("ArrayCodecsTests", ["ArrayCodecs", "ArrayModel", "CZlib", "CZstd", "CBlosc", "CLZMA"]),
    tests("ChecksumsTests", ["Checksums", "CKernels"]),
    tests("CompressionTests", ["Compression", "CZlib", "CZstd", "CLZ4"]),
    tests("PicturesTests", ["Pictures", "Compression"]),
    tests("AccessControlTests", ["AccessControl", "Checksums", "StorageModel"]),
    tests(
        "AdminServiceTests",
        [
            "AdminService", "AccessControl", "HTTPServing", "Maintenance", "ObjectStorage",
            "StorageModel", nioCore, nioHTTP1, logging,
        ]
    ),
    tests("S3ProtocolTests", ["S3Protocol", "StorageModel", "Checksums"]),
    tests(
        "S3ServiceTests",
        [
            "S3Service", "S3Protocol", "AccessControl", "Checksums", "DiskIO", "ObjectStorage",
            "HTTPServing", "StorageModel", nioCore, nioHTTP1, logging,
        ]
    ),
    tests("HTTPServingTests", ["HTTPServing", nioCore, nioPosix, nioHTTP1, nioSSL, logging]),
]

let package = Package(
    name: "nave",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "nave", targets: ["nave"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: foreignCode + pure + inputOutput + engine + surface + server + benchmarks
        + testTargets
)
