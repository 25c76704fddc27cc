import SQLiteDatabase
import StorageModel

/// Brings the tables of an index of an earlier format to the present one, in one transaction.
struct IndexConversion {
    private let connection: Connection
    private let reader: IndexReader

    init(_ connection: Connection) {
        self.connection = connection
        reader = IndexReader(connection)
    }

    /// Converts what must be converted.
    func run() throws(SQLiteError) {
        guard let format = try reader.format(), IndexSchema.convertedFormats.contains(format) else {
            return
        }
        try connection.writeTransaction { () throws(SQLiteError) in
            if format < 3 { try convertFrom2() }
            if format < 4 { try convertFrom3() }
            try connection.execute(IndexSchema.conversionFrom4)
        }
    }

    private func convertFrom2() throws(SQLiteError) {
        try connection.execute(IndexSchema.conversionFrom2)
        let sum = try reader.referenceSum()
        let keep = try connection.statement("UPDATE state SET refs_sum = ?1 WHERE id = 1")
        try keep.bind(Int64(bitPattern: sum.value), at: 1)
        try keep.run()
    }

    /// Counts every line: a microsecond or two per row.
    private func convertFrom3() throws(SQLiteError) {
        try connection.execute(IndexSchema.conversionFrom3)
        let lines = try connection.prepare("SELECT id, namespace FROM line ORDER BY id")
        let ids = try lines.all {
            (LineID($0.int64(at: 0)), isOwn: $0.int64(at: 0) == $0.int64(at: 1))
        }
        for (line, isOwn) in ids {
            let kept = try reader.keptRows(line)
            let shown = try reader.countShown(line, isOwn ? .withoutHash : .withHash)
            try reader.store(
                LineCount(
                    shown: shown,
                    isCounted: true,
                    keptRows: kept.rows,
                    keptBytes: kept.bytes
                ),
                of: line
            )
        }
    }
}
