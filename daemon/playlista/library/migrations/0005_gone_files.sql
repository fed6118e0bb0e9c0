-- Version 5: results outlive their files for a while. A file that is gone moves from files to gone_files; what hangs on
-- its row stays where it is, and every query that joins files leaves it out by itself.

CREATE TABLE gone_files (
    id         INTEGER PRIMARY KEY,          -- as it was in files, and will be again; never in both
    path       BLOB NOT NULL,                -- where it was; others may have been there before it and after
    device     INTEGER NOT NULL,
    inode      INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    ctime_ns   INTEGER NOT NULL,
    status     TEXT NOT NULL,                -- a file without a result is not kept
    due        INTEGER NOT NULL,             -- 1: it had a job, so its result may be of other bytes or outdated
    gone_at    REAL NOT NULL                 -- seconds since the epoch
) STRICT;

CREATE INDEX gone_files_by_path ON gone_files (path);
CREATE INDEX gone_files_by_identity ON gone_files (size_bytes, mtime_ns, inode);
CREATE INDEX gone_files_by_time ON gone_files (gone_at);

-- A result belonged to a row of files; now it belongs to a row of either table, which a foreign key cannot say. The
-- triggers below delete it with the last of them. Rebuilding the tables without the key would need their size again on
-- the disk; the text of a constraint may be taken out as https://sqlite.org/lang_altertable.html, section 7, describes.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, ' REFERENCES files (id) ON DELETE CASCADE', '')
WHERE type = 'table' AND name IN ('analyses', 'embeddings', 'origins');
PRAGMA writable_schema = RESET;  -- reads the schema again; creating a table has told all other connections to

CREATE TRIGGER file_forgotten AFTER DELETE ON files WHEN NOT EXISTS (SELECT 1 FROM gone_files WHERE id = OLD.id) BEGIN
    DELETE FROM analyses WHERE file_id = OLD.id;
    DELETE FROM embeddings WHERE file_id = OLD.id;
    DELETE FROM origins WHERE file_id = OLD.id;
END;
CREATE TRIGGER gone_file_forgotten AFTER DELETE ON gone_files WHEN NOT EXISTS (SELECT 1 FROM files WHERE id = OLD.id)
BEGIN
    DELETE FROM analyses WHERE file_id = OLD.id;
    DELETE FROM embeddings WHERE file_id = OLD.id;
    DELETE FROM origins WHERE file_id = OLD.id;
END;

-- The bytes of a gone file are there again, under another name or as a copy: its result is known once more, and enough.
CREATE TRIGGER content_known AFTER INSERT ON origins WHEN NEW.content IS NOT NULL BEGIN
    DELETE FROM gone_files WHERE id IN (SELECT file_id FROM origins WHERE content = NEW.content);
END;
CREATE TRIGGER content_changed AFTER UPDATE OF content ON origins WHEN NEW.content IS NOT NULL BEGIN
    DELETE FROM gone_files WHERE id IN (SELECT file_id FROM origins WHERE content = NEW.content);
END;
