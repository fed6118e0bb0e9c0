-- Version 2: counts by state that cost nothing to read, kept by triggers.
-- Counting a million rows takes seconds; /metrics asks every few seconds.

CREATE TABLE counts (
    of    TEXT NOT NULL CHECK (of IN ('job', 'file')),
    state TEXT NOT NULL,
    n     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (of, state)
) STRICT, WITHOUT ROWID;

INSERT INTO counts (of, state) VALUES
    ('job', 'queued'), ('job', 'claimed'), ('job', 'waiting'),
    ('file', 'analyzed'), ('file', 'partial'), ('file', 'failed'), ('file', 'quarantined'), ('file', 'unanalyzed');

CREATE TRIGGER job_added AFTER INSERT ON jobs BEGIN
    UPDATE counts SET n = n + 1 WHERE of = 'job' AND state = NEW.state;
END;
CREATE TRIGGER job_removed AFTER DELETE ON jobs BEGIN
    UPDATE counts SET n = n - 1 WHERE of = 'job' AND state = OLD.state;
END;
CREATE TRIGGER job_changed AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
    UPDATE counts SET n = n - 1 WHERE of = 'job' AND state = OLD.state;
    UPDATE counts SET n = n + 1 WHERE of = 'job' AND state = NEW.state;
END;

CREATE TRIGGER file_added AFTER INSERT ON files BEGIN
    UPDATE counts SET n = n + 1 WHERE of = 'file' AND state = coalesce(NEW.status, 'unanalyzed');
END;
CREATE TRIGGER file_removed AFTER DELETE ON files BEGIN
    UPDATE counts SET n = n - 1 WHERE of = 'file' AND state = coalesce(OLD.status, 'unanalyzed');
END;
CREATE TRIGGER file_changed AFTER UPDATE OF status ON files WHEN OLD.status IS NOT NEW.status BEGIN
    UPDATE counts SET n = n - 1 WHERE of = 'file' AND state = coalesce(OLD.status, 'unanalyzed');
    UPDATE counts SET n = n + 1 WHERE of = 'file' AND state = coalesce(NEW.status, 'unanalyzed');
END;

-- What the library already holds.
UPDATE counts SET n = (SELECT count(*) FROM jobs WHERE jobs.state = counts.state) WHERE of = 'job';
UPDATE counts
SET n = (SELECT count(*) FROM files WHERE coalesce(files.status, 'unanalyzed') = counts.state)
WHERE of = 'file';
