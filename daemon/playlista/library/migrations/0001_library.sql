-- Version 1: the files that were seen, the work that is due, the results.
-- A file always has a job, a result, or both: whoever writes one of the three does so in one transaction.

PRAGMA application_id = 0x504C5354;  -- "PLST": a database of another program is not taken for ours

CREATE TABLE files (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: a job in flight may outlive its file
    path       BLOB NOT NULL UNIQUE,               -- as on disk, relative to the music folder; need not be UTF-8
    device     INTEGER NOT NULL,                   -- these four as stat(2) gave them, 64 bits in two's complement
    inode      INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    status     TEXT CHECK (status IN ('analyzed', 'partial', 'failed', 'quarantined'))  -- NULL: no result yet
) STRICT;

CREATE INDEX files_by_identity ON files (size_bytes, mtime_ns, inode);  -- finds a moved file at its new path
CREATE INDEX files_by_status ON files (status, path);                   -- a page of `list --status`

CREATE TABLE jobs (
    file_id     INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'waiting')),
    lane        INTEGER NOT NULL,            -- 0: somebody is waiting for it; 1: found by a scan; 2: outdated result
    feature_groups TEXT,                     -- JSON array of the groups to recompute; NULL: all
    attempts    INTEGER NOT NULL DEFAULT 0,  -- begun on this content, the running one included
    alone_reduced INTEGER NOT NULL DEFAULT 0, -- the process died in the attempt before
    rerun       INTEGER NOT NULL DEFAULT 0,  -- enqueued again while claimed
    enqueued_at REAL NOT NULL,               -- seconds since the epoch, as all times here
    due_at      REAL NOT NULL,
    claimed_at  REAL,
    pid         INTEGER,                     -- of the process that claimed it last
    reason      TEXT,                        -- why the attempt before failed
    detail      TEXT
) STRICT;

CREATE INDEX jobs_by_due ON jobs (state, lane, due_at);
CREATE INDEX jobs_by_age ON jobs (enqueued_at);

CREATE TABLE version_sets (
    id       INTEGER PRIMARY KEY,
    versions TEXT NOT NULL UNIQUE            -- JSON object {feature group: version}; a handful in any library
) STRICT;

CREATE TABLE analyses (
    file_id          INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    version_set      INTEGER NOT NULL REFERENCES version_sets (id),
    finished_at      REAL NOT NULL,
    attempts         INTEGER NOT NULL,
    reason           TEXT,
    duration_seconds REAL,
    bpm              REAL,
    musical_key      TEXT,
    scale            TEXT,
    music_hash       TEXT,
    result           TEXT NOT NULL           -- the result object without path and embedding
) STRICT;

CREATE INDEX analyses_by_finish ON analyses (finished_at);
CREATE INDEX analyses_by_version_set ON analyses (version_set);
CREATE INDEX analyses_by_music ON analyses (music_hash) WHERE music_hash IS NOT NULL;
CREATE INDEX analyses_with_reason ON analyses (finished_at) WHERE reason IS NOT NULL;

CREATE TABLE embeddings (                    -- apart from the results, so that `similar` reads nothing else
    file_id INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    vector  BLOB NOT NULL                    -- float32, little endian
) STRICT;

CREATE TABLE remembered (                    -- single facts, such as which folder the library was made from
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
