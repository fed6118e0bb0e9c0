-- Version 15: energy, voice and moods, which follow from the stored result. `mood_version` says by which version of the
-- rules; rows of an older one are derived anew in the background, without reading music.

ALTER TABLE tracks ADD COLUMN energy REAL;                        -- 0..1
ALTER TABLE tracks ADD COLUMN voice REAL;                         -- 0..1
ALTER TABLE tracks ADD COLUMN moods TEXT NOT NULL DEFAULT '[]';   -- JSON array of [mood, thousandths], the highest first
ALTER TABLE tracks ADD COLUMN mood_version INTEGER NOT NULL DEFAULT 0;

CREATE INDEX tracks_by_energy ON tracks (energy);
CREATE INDEX tracks_by_voice ON tracks (voice);
CREATE INDEX tracks_by_mood_version ON tracks (mood_version);
DROP INDEX tracks_numbers;
CREATE INDEX tracks_numbers
    ON tracks (status, bpm, camelot, loudness, duration_seconds, year, format, energy, voice);

CREATE TABLE track_moods (                   -- of each track those of tracks.moods
    mood    TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    value   INTEGER NOT NULL,                -- thousandths
    PRIMARY KEY (mood, file_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mood_counts (                   -- how the tracks are spread
    of     TEXT NOT NULL CHECK (of IN ('energy', 'voice', 'mood')),
    bucket ANY NOT NULL,                     -- tenths, 0..9, or the name of a mood
    tracks INTEGER NOT NULL,
    PRIMARY KEY (of, bucket)
) STRICT, WITHOUT ROWID;

-- A row put into this view changes the counts by `step` for one track, +1 or -1. A track has a mood from 0.8 on.
CREATE VIEW mood_steps AS SELECT 0 AS step, energy, voice, moods FROM tracks;

CREATE TRIGGER mood_step INSTEAD OF INSERT ON mood_steps BEGIN
    INSERT INTO mood_counts
        SELECT of, bucket, NEW.step FROM (
            SELECT 'energy' AS of, min(CAST(NEW.energy * 10 AS INTEGER), 9) AS bucket
            UNION ALL SELECT 'voice', min(CAST(NEW.voice * 10 AS INTEGER), 9)
            UNION ALL SELECT 'mood', json_extract(value, '$[0]') FROM json_each(NEW.moods)
            WHERE json_extract(value, '$[1]') >= 800
        ) WHERE bucket IS NOT NULL
        ON CONFLICT DO UPDATE SET tracks = tracks + excluded.tracks;
END;

CREATE TRIGGER moods_added AFTER INSERT ON tracks BEGIN
    INSERT OR IGNORE INTO track_moods
        SELECT json_extract(value, '$[0]'), NEW.file_id, json_extract(value, '$[1]') FROM json_each(NEW.moods);
    INSERT INTO mood_steps VALUES (1, NEW.energy, NEW.voice, NEW.moods);
END;
CREATE TRIGGER moods_removed AFTER DELETE ON tracks BEGIN
    DELETE FROM track_moods
    WHERE file_id = OLD.file_id AND mood IN (SELECT json_extract(value, '$[0]') FROM json_each(OLD.moods));
    INSERT INTO mood_steps VALUES (-1, OLD.energy, OLD.voice, OLD.moods);
END;
CREATE TRIGGER moods_changed AFTER UPDATE OF energy, voice, moods ON tracks WHEN
    OLD.energy IS NOT NEW.energy OR OLD.voice IS NOT NEW.voice OR OLD.moods IS NOT NEW.moods
BEGIN
    DELETE FROM track_moods
    WHERE file_id = OLD.file_id AND mood IN (SELECT json_extract(value, '$[0]') FROM json_each(OLD.moods));
    INSERT OR IGNORE INTO track_moods
        SELECT json_extract(value, '$[0]'), NEW.file_id, json_extract(value, '$[1]') FROM json_each(NEW.moods);
    INSERT INTO mood_steps VALUES (-1, OLD.energy, OLD.voice, OLD.moods);
    INSERT INTO mood_steps VALUES (1, NEW.energy, NEW.voice, NEW.moods);
END;
