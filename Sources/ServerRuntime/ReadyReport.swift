import FoundationEssentials

/// What a server says once it answers requests: a banner for a person, one line of JSON for a program.
struct ReadyReport {
    let endpoint: String
    let directories: [String]
    let keysFile: String?
    let freeBytes: Int64
    let readyMilliseconds: Int
    /// How the person at the terminal called this program, for the lines to paste.
    let command: String
    /// The root keys where they were made just now; shown on a terminal only.
    let newKeys: KeyPair?
    let processID: Int32

    /// The line for programs; holds no secret.
    func json() throws -> String {
        let line = Line(
            event: "ready",
            version: NaveVersion.current,
            endpoint: endpoint,
            pid: processID,
            data: directories[0],
            volumes: directories.count > 1 ? directories : nil,
            keys: keysFile,
            readyMilliseconds: readyMilliseconds
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(line), as: UTF8.self)
    }

    /// The banner for a terminal.
    func banner() -> String {
        var lines = [
            "Nave \(NaveVersion.current), ready in \(readyMilliseconds) ms", "",
            "  data      \(directories.joined(separator: ", ")) (\(freeText) free)",
            "  endpoint  \(endpoint)",
            "  arrays    \(endpoint)/v1/arrays",
            "  keys      \(keysFile ?? "from NAVE_ROOT_ACCESS_KEY and NAVE_ROOT_SECRET_KEY")",
        ]
        if let newKeys {
            lines += [
                "            access key  \(newKeys.accessKey)",
                "            secret key  \(newKeys.secretKey)",
            ]
        }
        lines += ["", "Paste into another terminal:", ""]
        if keysFile != nil {
            lines.append(
                "  eval \"$(\(command) env \(directories[0].shellQuoted))\" && aws s3 mb s3://test"
            )
        } else {
            lines.append("  export AWS_ENDPOINT_URL=\(endpoint) && aws s3 mb s3://test")
        }
        lines += [
            "  python3 -c \"import zarr; zarr.create_array('s3://test/first:v0', shape=(4, 4), "
                + "dtype='f4')[:] = 1\"  # pip install zarr s3fs",
            "  curl -u \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" $AWS_ENDPOINT_URL/v1/arrays",
            "", "Ctrl-C stops the server; requests in flight are finished.",
        ]
        return lines.joined(separator: "\n")
    }

    private var freeText: String {
        let gibibytes = Double(freeBytes) / 1_073_741_824
        return gibibytes >= 10 ? "\(Int(gibibytes)) GiB" : "\((gibibytes * 10).rounded() / 10) GiB"
    }

    private struct Line: Encodable {
        let event: String
        let version: String
        let endpoint: String
        let pid: Int32
        let data: String
        let volumes: [String]?
        let keys: String?
        let readyMilliseconds: Int
    }
}

extension String {
    /// The text as one word of a POSIX shell.
    var shellQuoted: String {
        let plain = utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "+"),
                UInt8(ascii: "@"), UInt8(ascii: "="), UInt8(ascii: ","):
                true
            default: false
            }
        }
        if plain && !isEmpty { return self }
        return "'"
            + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}
