-- Version 16: files are read again now and then, to find those that rotted. See docs/adr/0018-rot.md.

CREATE TABLE scrubs (
    file_id     INTEGER PRIMARY KEY,         -- of a file, or of one that is gone, as with results
    scrubbed_at REAL,                        -- when all its bytes were last compared; NULL: not yet
    suspect     INTEGER NOT NULL DEFAULT 0,  -- 1: written to, by its ctime, while size and time stamp stayed
    rotted_at   REAL,                        -- when other bytes than those of the result were found; NULL: never
    detail      TEXT                         -- what of the file rotted, for people
) STRICT;

CREATE INDEX scrubs_suspected ON scrubs (file_id) WHERE suspect = 1;
CREATE INDEX scrubs_rotted ON scrubs (rotted_at) WHERE rotted_at IS NOT NULL;

CREATE TRIGGER scrubbed_file_forgotten AFTER DELETE ON files
WHEN NOT EXISTS (SELECT 1 FROM gone_files WHERE id = OLD.id) BEGIN
    DELETE FROM scrubs WHERE file_id = OLD.id;
END;
CREATE TRIGGER scrubbed_gone_file_forgotten AFTER DELETE ON gone_files
WHEN NOT EXISTS (SELECT 1 FROM files WHERE id = OLD.id) BEGIN
    DELETE FROM scrubs WHERE file_id = OLD.id;
END;
