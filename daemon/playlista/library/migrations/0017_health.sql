-- What was found wrong with tracks, a row for each finding; see tracks/findings.py. Results of versions without health
-- have none until their files were heard again.

CREATE TABLE track_findings (
    finding  TEXT NOT NULL,                  -- 'clipped', 'transcoded', ...
    file_id  INTEGER NOT NULL,               -- as in tracks
    evidence TEXT NOT NULL,                  -- in words, for people
    PRIMARY KEY (finding, file_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX track_findings_by_file ON track_findings (file_id);

CREATE TRIGGER track_findings_left AFTER DELETE ON tracks BEGIN
    DELETE FROM track_findings WHERE file_id = OLD.file_id;
END;
