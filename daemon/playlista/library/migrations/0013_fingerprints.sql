-- Acoustic fingerprints, apart from the results, whose rows are read whole by many queries; and which files are copies
-- of one recording. A result of an older version has no row here until its file was heard again.

CREATE TABLE fingerprints (
    file_id     INTEGER PRIMARY KEY,         -- as in analyses
    chromaprint BLOB NOT NULL,               -- what the text of a result is the base64 of
    band_levels BLOB NOT NULL,               -- the same
    keys        TEXT NOT NULL                -- JSON array: under what it is found in fingerprint_keys
) STRICT;

CREATE TABLE fingerprint_keys (              -- some numbers of each fingerprint, to find those that share some
    key     INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (key, file_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER fingerprint_added AFTER INSERT ON fingerprints BEGIN
    INSERT OR IGNORE INTO fingerprint_keys SELECT value, NEW.file_id FROM json_each(NEW.keys);
END;
CREATE TRIGGER fingerprint_removed AFTER DELETE ON fingerprints BEGIN
    DELETE FROM fingerprint_keys WHERE file_id = OLD.file_id AND key IN (SELECT value FROM json_each(OLD.keys));
END;
CREATE TRIGGER fingerprint_changed AFTER UPDATE OF keys ON fingerprints WHEN OLD.keys <> NEW.keys BEGIN
    DELETE FROM fingerprint_keys WHERE file_id = OLD.file_id AND key IN (SELECT value FROM json_each(OLD.keys));
    INSERT OR IGNORE INTO fingerprint_keys SELECT value, NEW.file_id FROM json_each(NEW.keys);
END;

-- One row for each file on disk with a result.
CREATE TABLE copies (
    file_id   INTEGER PRIMARY KEY,
    due       INTEGER NOT NULL DEFAULT 1,    -- 1: its copies are still to be looked for
    recording INTEGER                        -- the same number: the same recording; NULL: no copy is known
) STRICT;

CREATE INDEX copies_due ON copies (file_id) WHERE due = 1;
CREATE INDEX copies_by_recording ON copies (recording, file_id) WHERE recording IS NOT NULL;

INSERT INTO copies (file_id) SELECT id FROM files WHERE status IS NOT NULL;

CREATE TRIGGER copy_returned AFTER INSERT ON files WHEN NEW.status IS NOT NULL BEGIN
    INSERT INTO copies (file_id) VALUES (NEW.id) ON CONFLICT DO UPDATE SET due = 1;
END;
CREATE TRIGGER copy_left AFTER DELETE ON files BEGIN
    DELETE FROM copies WHERE file_id = OLD.id;
END;
CREATE TRIGGER copy_forgotten AFTER DELETE ON analyses BEGIN
    DELETE FROM fingerprints WHERE file_id = OLD.file_id;
END;
