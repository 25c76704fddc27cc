/// The tables of the index; `docs/formats/index.md` says what each column means.
enum IndexSchema {
    /// Grows with every change of the tables or of what is in them; an index of another format is
    /// made again from the log, unless it is one that is converted.
    static let format: Int64 = 5

    /// The formats that are converted to the present one when an index is opened for writing: after
    /// the log was cleaned, an index cannot always be made again.
    static let convertedFormats: ClosedRange<Int64> = 2...4

    /// Converts format 2 to 3: what was applied had been flushed, and the checksum is not known.
    ///
    /// The sum of references is computed after it.
    static let conversionFrom2 = """
        ALTER TABLE state ADD COLUMN flushed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE state ADD COLUMN chain INTEGER;
        ALTER TABLE state ADD COLUMN refs_sum INTEGER NOT NULL DEFAULT 0;
        UPDATE state SET format = 3, flushed = applied;
        """

    /// Converts format 3 to 4: every version is an open one without commits.
    ///
    /// The totals of lines are counted after it.
    static let conversionFrom3 = """
        ALTER TABLE state ADD COLUMN last_event INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE line ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE version ADD COLUMN id INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE version ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE version ADD COLUMN sealed INTEGER;
        ALTER TABLE version ADD COLUMN head TEXT;
        ALTER TABLE version ADD COLUMN retain INTEGER;
        ALTER TABLE version ADD COLUMN base INTEGER;
        ALTER TABLE version ADD COLUMN base_seq INTEGER;
        ALTER TABLE version ADD COLUMN expires INTEGER;
        UPDATE version SET id = line;
        ALTER TABLE object ADD COLUMN tracked INTEGER;
        UPDATE object SET tracked = 1 WHERE line IN (SELECT id FROM line WHERE id <> namespace);
        DROP INDEX line_fork;
        \(versionTables)
        UPDATE state SET format = 4;
        """

    /// Converts format 4 to 5, which kept so many events of all namespaces together: any namespace may have
    /// lost those before the oldest.
    static let conversionFrom4 = """
        ALTER TABLE namespace ADD COLUMN lost_event INTEGER NOT NULL DEFAULT 0;
        UPDATE namespace SET lost_event = (
            SELECT CASE WHEN last_event > 100000 THEN last_event - 100000 ELSE 0 END FROM state);
        \(deletionIndex)
        UPDATE state SET format = 5;
        """

    static let statements = """
        CREATE TABLE state(
            id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, volume TEXT NOT NULL,
            applied INTEGER NOT NULL, sequence INTEGER NOT NULL, last_line INTEGER NOT NULL,
            flushed INTEGER NOT NULL DEFAULT 0, chain INTEGER,
            refs_sum INTEGER NOT NULL DEFAULT 0, last_event INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE principal(
            name TEXT PRIMARY KEY, access_key TEXT NOT NULL UNIQUE, secret_key TEXT NOT NULL)
            STRICT, WITHOUT ROWID;
        CREATE TABLE namespace(
            line INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
            access INTEGER NOT NULL, created INTEGER NOT NULL,
            lost_event INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE line(
            id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, name TEXT, tag TEXT,
            parent INTEGER, prefix TEXT, fork_seq INTEGER, kind INTEGER,
            standing INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE INDEX line_namespace ON line(namespace);
        CREATE TABLE version(
            namespace INTEGER NOT NULL, prefix TEXT NOT NULL, name TEXT NOT NULL,
            tag TEXT NOT NULL, line INTEGER NOT NULL, opened INTEGER NOT NULL,
            id INTEGER NOT NULL DEFAULT 0, kind INTEGER NOT NULL DEFAULT 0, sealed INTEGER,
            head TEXT, retain INTEGER, base INTEGER, base_seq INTEGER, expires INTEGER,
            PRIMARY KEY (namespace, prefix)) STRICT, WITHOUT ROWID;
        CREATE TABLE object(
            line INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, modified INTEGER,
            size INTEGER, etag TEXT, entry BLOB, tracked INTEGER,
            PRIMARY KEY (line, key, seq)) STRICT, WITHOUT ROWID;
        CREATE TABLE blob(id INTEGER PRIMARY KEY, refs INTEGER NOT NULL) STRICT;
        CREATE TABLE segment(
            first INTEGER PRIMARY KEY, extents INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
        CREATE TABLE upload(
            namespace INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
            initiated INTEGER NOT NULL, entry BLOB NOT NULL, algorithm INTEGER, scope INTEGER,
            PRIMARY KEY (namespace, key, id)) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX upload_id ON upload(id);
        CREATE TABLE part(
            upload TEXT NOT NULL, number INTEGER NOT NULL, modified INTEGER NOT NULL,
            etag TEXT NOT NULL, entry BLOB NOT NULL,
            PRIMARY KEY (upload, number)) STRICT, WITHOUT ROWID;
        CREATE TABLE completion(
            upload TEXT PRIMARY KEY, line INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL,
            completed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX completion_time ON completion(completed);
        CREATE TABLE node(
            line INTEGER NOT NULL, path TEXT NOT NULL, rank INTEGER NOT NULL, seq INTEGER NOT NULL,
            modified INTEGER NOT NULL, dialect INTEGER NOT NULL, kind INTEGER NOT NULL, note TEXT,
            namespace INTEGER NOT NULL, name TEXT NOT NULL, tag TEXT NOT NULL,
            member TEXT NOT NULL, shown INTEGER NOT NULL,
            PRIMARY KEY (line, path, rank)) STRICT, WITHOUT ROWID;
        CREATE INDEX node_place ON node(namespace, name, tag, member, line) WHERE shown = 1;
        CREATE TABLE tally(
            line INTEGER NOT NULL, path TEXT NOT NULL, chunks INTEGER NOT NULL,
            bytes INTEGER NOT NULL, changed INTEGER NOT NULL, hash_high INTEGER NOT NULL,
            hash_low INTEGER NOT NULL,
            PRIMARY KEY (line, path)) STRICT, WITHOUT ROWID;
        \(versionTables)
        \(deletionIndex)
        """

    /// What format 5 added: the rows that say that a key was deleted are found without the others.
    private static let deletionIndex = """
        CREATE INDEX object_deletion ON object(line, key) WHERE entry IS NULL;
        """

    /// What format 4 added: indexes of lines and versions, and the tables of commits, totals, events and
    /// of what is to be swept.
    private static let versionTables = """
        CREATE INDEX line_fork ON line(parent, fork_seq) WHERE parent IS NOT NULL;
        CREATE INDEX line_prefix ON line(parent, prefix, fork_seq) WHERE parent IS NOT NULL;
        CREATE INDEX version_line ON version(line);
        CREATE INDEX version_id ON version(id);
        CREATE INDEX version_head ON version(namespace, head) WHERE head IS NOT NULL;
        CREATE INDEX version_base ON version(base) WHERE base IS NOT NULL;
        CREATE INDEX version_expiry ON version(expires) WHERE expires IS NOT NULL;
        CREATE INDEX object_change ON object(line, seq) WHERE tracked IS NOT NULL;
        CREATE TABLE manifest(
            namespace INTEGER NOT NULL, digest TEXT NOT NULL, line INTEGER NOT NULL,
            version INTEGER NOT NULL, name TEXT NOT NULL, tag TEXT NOT NULL, parent TEXT,
            author TEXT, message TEXT NOT NULL, time INTEGER NOT NULL, keys INTEGER NOT NULL,
            bytes INTEGER NOT NULL, hash_high INTEGER NOT NULL, hash_low INTEGER NOT NULL,
            PRIMARY KEY (namespace, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX manifest_parent ON manifest(namespace, parent) WHERE parent IS NOT NULL;
        CREATE INDEX manifest_version ON manifest(version);
        CREATE TABLE total(
            line INTEGER PRIMARY KEY, keys INTEGER NOT NULL, bytes INTEGER NOT NULL,
            hash_high INTEGER NOT NULL, hash_low INTEGER NOT NULL, counted INTEGER NOT NULL,
            kept_rows INTEGER NOT NULL, kept_bytes INTEGER NOT NULL) STRICT;
        CREATE TABLE event(
            number INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, seq INTEGER NOT NULL,
            time INTEGER NOT NULL, kind INTEGER NOT NULL, actor TEXT, name TEXT NOT NULL,
            tag TEXT NOT NULL, member TEXT NOT NULL, key TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
        CREATE INDEX event_namespace ON event(namespace, number);
        CREATE TABLE sweep(
            line INTEGER PRIMARY KEY, stage INTEGER NOT NULL, key TEXT NOT NULL,
            seq INTEGER NOT NULL) STRICT;
        CREATE TABLE forsaken(
            version INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, next TEXT) STRICT;
        """
}
