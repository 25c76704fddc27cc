/// A list of entity tags, as `If-Match` and `If-None-Match` carry it.
///
/// Tags without quotes are taken as well, because clients send them.
///
/// Source: RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2.
public enum EntityTagCondition {
    /// How weak tags (`W/"…"`) compare.
    public enum Comparison: Sendable {
        /// A weak tag matches nothing; for `If-Match`.
        case strong
        /// A weak tag matches by its text; for `If-None-Match`.
        case weak
    }

    /// Whether a list names an entity tag (given without quotes), or is `*`.
    public static func matches(
        _ list: String,
        entityTag: String,
        comparison: Comparison
    ) -> Bool {
        if list == "*" { return true }
        let comma = UInt8(ascii: ",")
        return Substring(list).utf8.split(separator: comma).contains { item in
            var text = HeaderList.trimmed(String(Substring(item)))
            if text.utf8.starts(with: "W/".utf8) {
                guard comparison == .weak else { return false }
                text = String(Substring(text.utf8.dropFirst(2)))
            }
            return unquoted(text).utf8.elementsEqual(entityTag.utf8)
        }
    }

    /// An entity tag without its quotes, if it has any.
    public static func unquoted(_ text: String) -> String {
        let quote = UInt8(ascii: "\"")
        var slice = Substring(text).utf8
        if slice.first == quote { slice = slice.dropFirst() }
        if slice.last == quote { slice = slice.dropLast() }
        return String(Substring(slice))
    }
}
