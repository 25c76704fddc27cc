import ArrayModel
import Configuration
import FoundationEssentials

/// The file of `--config`: a JSON object whose members are options of the server, in camel case.
///
/// Whatever is not understood is refused: an option that is passed over in silence is one that the operator
/// takes for given.
struct ConfigurationFile {
    /// What is in the file, under the names of the environment: `nave.listen` for `listen`.
    let provider: InMemoryProvider

    /// Every member that a file may have.
    static let members: [String: ConfigurationValueKind] = [
        "copies": .number, "data": .texts, "durability": .text, "flushInterval": .text,
        "listen": .text, "logLevel": .text, "readyFile": .text, "scrubRate": .number,
        "tlsCertificate": .text, "tlsKey": .text, "uploadExpiryDays": .number,
    ]

    /// Reads a file, of at most ``ArrayLimits/metadataBytesMax`` bytes.
    ///
    /// - Throws: ``ServerError/configurationUnreadable(path:cause:)``,
    ///   ``ServerError/configurationInvalid(path:_:)``.
    init(path: String) throws(ServerError) {
        let bytes: [UInt8]
        do {
            bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .configurationUnreadable(path: path, cause: DataFolder.cause(of: error))
        }
        do throws(ConfigurationFault) {
            provider = InMemoryProvider(name: path, values: try Self.values(in: bytes))
        } catch {
            throw .configurationInvalid(path: path, error)
        }
    }

    private static func values(
        in bytes: [UInt8]
    ) throws(ConfigurationFault) -> [AbsoluteConfigKey: ConfigValue] {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: bytes, repetition: .refused)
        } catch {
            throw ConfigurationFault(error, in: bytes)
        }
        guard let given = document.members else { throw .noObject }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for member in given {
            guard let kind = members[member.name] else {
                throw .memberUnknown(member.name, nearest: nearest(to: member.name))
            }
            guard let content = content(of: member.value, kind) else {
                throw .valueInvalid(member.name, kind)
            }
            values[AbsoluteConfigKey(["nave", member.name])] = ConfigValue(
                content,
                isSecret: false
            )
        }
        return values
    }

    private static func content(of value: JSONValue, _ kind: ConfigurationValueKind)
        -> ConfigContent?
    {
        switch (kind, value) {
        case (.text, .string(let text)), (.number, .string(let text)): return .string(text)
        case (.number, .number(let number)): return .string(number.text)
        case (.texts, .string(let text)): return .stringArray([text])
        case (.texts, .array(let elements)):
            let texts = elements.compactMap(\.string)
            return texts.count == elements.count ? .stringArray(texts) : nil
        case (.text, _), (.number, _), (.texts, _): return nil
        }
    }

    /// The member that a misspelt name means most likely: that which the fewest letters tell from it, at most
    /// half of them.
    static func nearest(to name: String) -> String? {
        guard name.utf8.count <= nearNameBytesMax else { return nil }
        let letters = letters(of: name)
        let distances = members.keys.sorted()
            .map { (name: $0, distance: EditDistance.between(letters, Self.letters(of: $0))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }),
            2 * best.distance <= letters.count, !letters.isEmpty
        else { return nil }
        return best.name
    }

    /// Longer names are like none.
    private static let nearNameBytesMax = 64

    /// A name as if it were written small and in one word.
    private static func letters(of name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    }
}
