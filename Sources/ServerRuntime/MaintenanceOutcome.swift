import FoundationEssentials
import Maintenance
import StorageModel

/// What a command that looks after data has to say at its end.
public struct MaintenanceOutcome: Hashable, Sendable {
    /// Whether nothing is wrong.
    public let isWell: Bool
    /// For a person, line by line.
    public let lines: [String]
    /// For a program: one line of JSON.
    public let json: String

    init(isWell: Bool, lines: [String], _ document: some Encodable) {
        self.isWell = isWell
        self.lines = lines
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Texts and whole numbers can always be encoded.
        json = (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

/// How far a command has come, for a person.
struct ProgressText {
    let progress: MaintenanceProgress

    var line: String {
        var parts = [progress.stage.rawValue]
        if progress.totalBytes > 0 {
            let done = min(progress.bytes, progress.totalBytes)
            parts.append("\(Int(Double(done) / Double(progress.totalBytes) * 100)) %")
        }
        if progress.items > 0 { parts.append("\(progress.items)") }
        if progress.bytes > 0 { parts.append(ByteText(progress.bytes).description) }
        return parts.joined(separator: "  ")
    }
}

/// A number of bytes, for a person.
struct ByteText: CustomStringConvertible {
    let bytes: Int64

    init(_ bytes: Int64) {
        self.bytes = bytes
    }

    var description: String {
        var value = Double(bytes)
        for unit in ["bytes", "KiB", "MiB", "GiB"] {
            if value < 1024 {
                return unit == "bytes" ? "\(bytes) bytes" : "\((value * 10).rounded() / 10) \(unit)"
            }
            value /= 1024
        }
        return "\((value * 10).rounded() / 10) TiB"
    }
}

/// A disagreement, as it is printed.
struct DisagreementDocument: Encodable {
    let kind: String
    let path: String
    let offset: Int64?
    let detail: String?
    let objects: [String]
    let moreObjects: Int

    init(_ disagreement: Disagreement) {
        kind = disagreement.kind.rawValue
        path = disagreement.path
        offset = disagreement.offset
        detail = disagreement.detail.isEmpty ? nil : disagreement.detail
        objects = disagreement.objects.names
        moreObjects = disagreement.objects.moreCount
    }

    var line: String {
        var line = "\(kind)  \(path)"
        if let offset { line += " at byte \(offset)" }
        if let detail { line += ": \(detail)" }
        let named = NamedObjects(objects, moreCount: moreObjects).text
        if !named.isEmpty { line += " [\(named)]" }
        return line
    }
}
