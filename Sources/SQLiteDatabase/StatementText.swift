/// The text of a statement as a key.
///
/// It hashes by its length alone: a program has some hundred texts, most are as long as no other, and
/// those that are compare as equal at once when they are the same literal. Hashing their characters cost
/// more than many of the statements.
struct StatementText: Hashable {
    private let sql: String

    init(_ sql: String) {
        self.sql = sql
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(sql.utf8.count)
    }
}
