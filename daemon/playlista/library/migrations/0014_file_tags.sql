-- Version 14: the daemon writes tags by itself (TAG_WRITE). What it wrote, and which files are to be looked at.

CREATE TABLE written_tags (                  -- our values in the files; another program's are not ours to change
    file_id  INTEGER NOT NULL,               -- as in files and gone_files
    field    TEXT NOT NULL,
    value    TEXT NOT NULL,                  -- as it reads back
    former   TEXT,                           -- until the write is done: ours before it, '' for nothing
    rewrites INTEGER NOT NULL DEFAULT 0,     -- times that another program undid it and it was written again
    PRIMARY KEY (file_id, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag_jobs (                      -- filled only while TAG_WRITE is set, see tag_jobs.py
    file_id  INTEGER PRIMARY KEY,            -- as in tracks
    due_at   REAL,                           -- seconds since the epoch; NULL: refused until something changes
    attempts INTEGER NOT NULL DEFAULT 0,     -- begun and not ended: the process died in them
    asked_at REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400),  -- when it was asked for first
    spread   INTEGER NOT NULL DEFAULT 1,     -- 1: the other tracks of its album are to be looked at, too
    refusal  TEXT,                           -- why it was left alone the last time
    detail   TEXT
) STRICT;

CREATE INDEX tag_jobs_by_due ON tag_jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tag_jobs_by_refusal ON tag_jobs (refusal) WHERE refusal IS NOT NULL;

-- A row put into this view asks for a look at the file, if tags are written at all.
CREATE VIEW tag_requests AS SELECT file_id FROM tag_jobs;
CREATE TRIGGER tags_requested INSTEAD OF INSERT ON tag_requests
WHEN EXISTS (SELECT 1 FROM remembered WHERE name = 'tag_plan' AND value <> '') BEGIN
    INSERT INTO tag_jobs (file_id, due_at) VALUES (NEW.file_id, 0)
        ON CONFLICT DO UPDATE SET due_at = 0, attempts = 0, spread = 1;
END;

-- After a result of other numbers, and after names were read: these follow every change of a file and of its path.
CREATE TRIGGER tags_of_new_track AFTER INSERT ON tracks WHEN NEW.tags_due = 0 BEGIN
    INSERT INTO tag_requests VALUES (NEW.file_id);
END;
CREATE TRIGGER tags_of_other_result AFTER UPDATE OF finished_at, status ON tracks
WHEN NEW.tags_due = 0 AND (OLD.finished_at IS NOT NEW.finished_at OR OLD.status IS NOT NEW.status) BEGIN
    INSERT INTO tag_requests VALUES (NEW.file_id);
END;
CREATE TRIGGER tags_after_names AFTER UPDATE OF tags_due ON tracks WHEN OLD.tags_due = 1 AND NEW.tags_due = 0 BEGIN
    INSERT INTO tag_requests VALUES (NEW.file_id);
END;
CREATE TRIGGER tags_of_lost_track AFTER DELETE ON tracks BEGIN
    DELETE FROM tag_jobs WHERE file_id = OLD.file_id;
END;

CREATE TRIGGER written_tags_forgotten AFTER DELETE ON files
WHEN NOT EXISTS (SELECT 1 FROM gone_files WHERE id = OLD.id) BEGIN
    DELETE FROM written_tags WHERE file_id = OLD.id;
END;
CREATE TRIGGER written_tags_expired AFTER DELETE ON gone_files
WHEN NOT EXISTS (SELECT 1 FROM files WHERE id = OLD.id) BEGIN
    DELETE FROM written_tags WHERE file_id = OLD.id;
END;
