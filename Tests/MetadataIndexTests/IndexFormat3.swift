/// The tables of format 3, as the last program that wrote it made them.
enum IndexFormat3 {
    static let statements = """
        CREATE TABLE state(
            id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, volume TEXT NOT NULL,
            applied INTEGER NOT NULL, sequence INTEGER NOT NULL, last_line INTEGER NOT NULL,
            flushed INTEGER NOT NULL DEFAULT 0, chain INTEGER,
            refs_sum INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE principal(
            name TEXT PRIMARY KEY, access_key TEXT NOT NULL UNIQUE, secret_key TEXT NOT NULL)
            STRICT, WITHOUT ROWID;
        CREATE TABLE namespace(
            line INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
            access INTEGER NOT NULL, created INTEGER NOT NULL) STRICT;
        CREATE TABLE line(
            id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, name TEXT, tag TEXT,
            parent INTEGER, prefix TEXT, fork_seq INTEGER, kind INTEGER) STRICT;
        CREATE INDEX line_fork ON line(parent, kind, fork_seq) WHERE parent IS NOT NULL;
        CREATE INDEX line_namespace ON line(namespace);
        CREATE TABLE version(
            namespace INTEGER NOT NULL, prefix TEXT NOT NULL, name TEXT NOT NULL,
            tag TEXT NOT NULL, line INTEGER NOT NULL, opened INTEGER NOT NULL,
            PRIMARY KEY (namespace, prefix)) STRICT, WITHOUT ROWID;
        CREATE TABLE object(
            line INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, modified INTEGER,
            size INTEGER, etag TEXT, entry BLOB,
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
        """
}
