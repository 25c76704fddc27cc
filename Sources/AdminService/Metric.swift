/// One metric of the server with its samples.
public struct Metric: Hashable, Sendable {
    /// What its values are.
    public enum Kind: String, Hashable, Sendable {
        /// A count that only grows, from 0 at the start of the server.
        case counter
        /// A value of this moment.
        case gauge
        /// Counts of values up to bounds, with their sum and number.
        case histogram
    }

    /// One value.
    public struct Sample: Hashable, Sendable {
        /// What follows the metric's name: `_bucket`, `_sum` and `_count` of a histogram.
        public let suffix: String
        /// Names and values that tell the samples of a metric apart; few, and no secrets.
        public let labels: [Label]
        /// The value.
        public let value: Double

        /// Makes a sample of its values.
        public init(_ value: Double, suffix: String = "", labels: [Label] = []) {
            self.value = value
            self.suffix = suffix
            self.labels = labels
        }
    }

    /// A name and a value.
    public struct Label: Hashable, Sendable {
        /// The name.
        public let name: String
        /// The value.
        public let value: String

        /// Makes a label of its parts.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The name: lower case, with its unit last.
    public let name: String
    /// What its values are.
    public let kind: Kind
    /// One sentence for a person.
    public let help: String
    /// The values.
    public let samples: [Sample]

    /// Makes a metric of its parts.
    public init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// Makes a metric of one value.
    public init(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.init(name, kind, help, [Sample(value)])
    }

    /// Makes a histogram.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - help: One sentence for a person.
    ///   - bounds: The bounds, ascending.
    ///   - within: How many values were at most as great as the bound of the same place.
    ///   - sum: The sum of all values.
    ///   - count: The number of values.
    public init(
        histogram name: String,
        _ help: String,
        bounds: [Double],
        within: [Int64],
        sum: Double,
        count: Int64
    ) {
        var samples = zip(bounds, within).map { bound, within in
            Sample(
                Double(within),
                suffix: "_bucket",
                labels: [Label("le", MetricsText.number(bound))]
            )
        }
        samples.append(Sample(Double(count), suffix: "_bucket", labels: [Label("le", "+Inf")]))
        samples.append(Sample(sum, suffix: "_sum"))
        samples.append(Sample(Double(count), suffix: "_count"))
        self.init(name, .histogram, help, samples)
    }
}

/// Writes metrics as Prometheus reads them.
///
/// Source: prometheus.io, "Exposition formats", the text-based format, version 0.0.4.
enum MetricsText {
    /// What the format calls itself.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The text of metrics, in their order.
    static func text(_ metrics: [Metric]) -> String {
        var text = ""
        for metric in metrics {
            text += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in metric.samples {
                text += metric.name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map {
                        "\($0.name)=\"\(escaped($0.value, quotes: true))\""
                    }
                    text += "{\(labels.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    /// A value; whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
