-- Version 7: the songs. One row for each file with a result, with everything that is listed, filtered, sorted and
-- searched. Rows are filled in the background from the stored results and from the files' own tags (`tags_due`).

CREATE TABLE tracks (
    file_id          INTEGER PRIMARY KEY,    -- as in files; a file that is gone has no row here
    tags_due         INTEGER NOT NULL DEFAULT 1,  -- 1: its tags have to be read; it is new, it changed, or it was moved
    -- From the tags, or from the path where there are none. Texts are bounded and hold no lone surrogates.
    title            TEXT,                   -- NULL: nothing was filled in yet
    artist           TEXT,
    album_artist     TEXT,
    album            TEXT,
    track            INTEGER,
    disc             INTEGER,
    year             INTEGER,
    genres           TEXT NOT NULL DEFAULT '[]',  -- JSON array
    mb_recording     TEXT,
    mb_track         TEXT,
    mb_album         TEXT,
    mb_artist        TEXT,
    isrc             TEXT,
    compilation      INTEGER,                -- 0, 1, NULL: not said
    has_cover        INTEGER,                -- 0, 1, NULL: not known
    from_path        TEXT NOT NULL DEFAULT '',    -- names of the fields that were taken from the path, by commas
    -- The same for sorting and comparing: folded to lower case without accents, and short.
    title_key        TEXT NOT NULL DEFAULT '',
    artist_key       TEXT NOT NULL DEFAULT '',    -- of the album artist where there is no artist
    album_key        TEXT NOT NULL DEFAULT '',
    album_artist_key TEXT NOT NULL DEFAULT '',    -- of the artist where no album artist is given, '' for compilations
    place            INTEGER NOT NULL DEFAULT 0,  -- disc and track as one number: the order within an album
    genre_keys       TEXT NOT NULL DEFAULT '[]',  -- JSON array
    -- From the result.
    status           TEXT NOT NULL,
    reason           TEXT,
    finished_at      REAL,
    duration_seconds REAL,
    bpm              REAL,
    bpm_confidence   REAL,
    camelot          INTEGER,                -- 0 for 1A, 1 for 1B, ... 23 for 12B
    loudness         REAL,                   -- integrated, LUFS
    format           TEXT,
    activations      TEXT NOT NULL DEFAULT '[]'   -- JSON array of [tag, activation in thousandths], the highest first
) STRICT;

CREATE INDEX tracks_by_title ON tracks (title_key);
CREATE INDEX tracks_by_artist ON tracks (artist_key, album_key, place);
CREATE INDEX tracks_by_album ON tracks (album_key, artist_key, place);
CREATE INDEX tracks_by_bpm ON tracks (bpm);
CREATE INDEX tracks_by_key ON tracks (camelot);
CREATE INDEX tracks_by_loudness ON tracks (loudness);
CREATE INDEX tracks_by_duration ON tracks (duration_seconds);
CREATE INDEX tracks_by_year ON tracks (year);
CREATE INDEX tracks_by_finish ON tracks (finished_at);
CREATE INDEX tracks_by_recording ON tracks (mb_recording) WHERE mb_recording IS NOT NULL;
CREATE INDEX tracks_by_release_track ON tracks (mb_track) WHERE mb_track IS NOT NULL;
CREATE INDEX tracks_with_tags_due ON tracks (file_id) WHERE tags_due = 1;
-- All columns of numbers together: a filter that reads every track reads a tenth of the bytes.
CREATE INDEX tracks_numbers ON tracks (status, bpm, camelot, loudness, duration_seconds, year, format);

CREATE TABLE tag_names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE                -- of MusiCNN, 50 of them
) STRICT;

CREATE TABLE track_tags (                    -- of each track the highest few, see track_rows.py
    tag        INTEGER NOT NULL,
    file_id    INTEGER NOT NULL,
    activation INTEGER NOT NULL,             -- thousandths
    PRIMARY KEY (tag, file_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE track_genres (
    genre   TEXT NOT NULL,                   -- folded, as in genre_keys
    file_id INTEGER NOT NULL,
    PRIMARY KEY (genre, file_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE artists (
    artist_key TEXT PRIMARY KEY,
    name       TEXT NOT NULL,                -- as the track that came last writes it
    tracks     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE albums (
    album_key  TEXT NOT NULL,
    artist_key TEXT NOT NULL,                -- of the album artist where there is one
    name       TEXT NOT NULL,
    artist     TEXT,
    tracks     INTEGER NOT NULL,
    PRIMARY KEY (album_key, artist_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE distributions (                 -- how the tracks are spread; what charts and metrics read
    of           TEXT NOT NULL CHECK (of IN ('bpm', 'key', 'loudness', 'year', 'format', 'tag')),
    bucket       ANY NOT NULL,               -- lower end of a range, or the value itself
    tracks       INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (of, bucket)
) STRICT, WITHOUT ROWID;

-- Words of the names. The texts themselves are read from tracks, so that the index alone takes space.
CREATE VIRTUAL TABLE track_words USING fts5 (
    title, artist, album_artist, album, genres,
    content = 'tracks', content_rowid = 'file_id', detail = column, columnsize = 0,
    prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);

-- A row put into this view changes the counts by `step` for one track, +1 or -1.
CREATE VIEW count_steps AS
SELECT 0 AS step, artist_key, coalesce(artist, album_artist) AS artist, album_key, album, album_artist_key,
       iif(album_artist_key = '', NULL, coalesce(album_artist, artist)) AS album_artist,
       bpm, camelot, loudness, year, format, duration_seconds, activations
FROM tracks;

CREATE TRIGGER count_step INSTEAD OF INSERT ON count_steps BEGIN
    INSERT INTO artists SELECT NEW.artist_key, NEW.artist, NEW.step WHERE NEW.artist_key <> ''
        ON CONFLICT DO UPDATE SET tracks = tracks + excluded.tracks,
            name = iif(excluded.tracks > 0, excluded.name, name);
    DELETE FROM artists WHERE artist_key = NEW.artist_key AND tracks <= 0;
    INSERT INTO albums
        SELECT NEW.album_key, NEW.album_artist_key, NEW.album, NEW.album_artist, NEW.step WHERE NEW.album_key <> ''
        ON CONFLICT DO UPDATE SET tracks = tracks + excluded.tracks,
            name = iif(excluded.tracks > 0, excluded.name, name),
            artist = iif(excluded.tracks > 0, excluded.artist, artist);
    DELETE FROM albums
    WHERE album_key = NEW.album_key AND artist_key = NEW.album_artist_key AND tracks <= 0;
    INSERT INTO distributions
        SELECT of, bucket, NEW.step, NEW.step * CAST(round(coalesce(NEW.duration_seconds, 0) * 1000) AS INTEGER)
        FROM (
            SELECT 'bpm' AS of, CAST(NEW.bpm / 10 AS INTEGER) * 10 AS bucket
            UNION ALL SELECT 'key', NEW.camelot
            UNION ALL SELECT 'loudness', CAST((NEW.loudness + 200) / 2 AS INTEGER) * 2 - 200
            UNION ALL SELECT 'year', NEW.year
            UNION ALL SELECT 'format', NEW.format
            UNION ALL SELECT 'tag', json_extract(value, '$[0]') FROM json_each(NEW.activations)
            WHERE json_extract(value, '$[1]') >= 300
        ) WHERE bucket IS NOT NULL
        ON CONFLICT DO UPDATE SET tracks = tracks + excluded.tracks, milliseconds = milliseconds + excluded.milliseconds;
END;

-- The results that are there, with what has columns already. The rest, and the names, are filled in later.
INSERT INTO tracks (file_id, status, reason, finished_at, duration_seconds, bpm, camelot)
SELECT files.id, files.status, reason, finished_at, duration_seconds, bpm, place
FROM files JOIN analyses ON analyses.file_id = files.id
LEFT JOIN (
    SELECT 'G#' AS musical_key, 'minor' AS scale, 0 AS place UNION ALL SELECT 'B', 'major', 1
    UNION ALL SELECT 'D#', 'minor', 2 UNION ALL SELECT 'F#', 'major', 3
    UNION ALL SELECT 'A#', 'minor', 4 UNION ALL SELECT 'C#', 'major', 5
    UNION ALL SELECT 'F', 'minor', 6 UNION ALL SELECT 'G#', 'major', 7
    UNION ALL SELECT 'C', 'minor', 8 UNION ALL SELECT 'D#', 'major', 9
    UNION ALL SELECT 'G', 'minor', 10 UNION ALL SELECT 'A#', 'major', 11
    UNION ALL SELECT 'D', 'minor', 12 UNION ALL SELECT 'F', 'major', 13
    UNION ALL SELECT 'A', 'minor', 14 UNION ALL SELECT 'C', 'major', 15
    UNION ALL SELECT 'E', 'minor', 16 UNION ALL SELECT 'G', 'major', 17
    UNION ALL SELECT 'B', 'minor', 18 UNION ALL SELECT 'D', 'major', 19
    UNION ALL SELECT 'F#', 'minor', 20 UNION ALL SELECT 'A', 'major', 21
    UNION ALL SELECT 'C#', 'minor', 22 UNION ALL SELECT 'E', 'major', 23
) AS wheel USING (musical_key, scale)
WHERE files.status IS NOT NULL;
INSERT INTO distributions
SELECT 'bpm', CAST(bpm / 10 AS INTEGER) * 10, count(*),
       sum(CAST(round(coalesce(duration_seconds, 0) * 1000) AS INTEGER))
FROM tracks WHERE bpm IS NOT NULL GROUP BY 2;
INSERT INTO distributions
SELECT 'key', camelot, count(*), sum(CAST(round(coalesce(duration_seconds, 0) * 1000) AS INTEGER))
FROM tracks WHERE camelot IS NOT NULL GROUP BY 2;

-- What follows from a row of tracks: its words, genres, tags and counts.
CREATE TRIGGER track_added AFTER INSERT ON tracks BEGIN
    INSERT INTO track_words (rowid, title, artist, album_artist, album, genres)
        SELECT NEW.file_id, NEW.title, NEW.artist, NEW.album_artist, NEW.album, NEW.genres WHERE NEW.title IS NOT NULL;
    INSERT OR IGNORE INTO track_genres SELECT value, NEW.file_id FROM json_each(NEW.genre_keys);
    INSERT OR IGNORE INTO track_tags
        SELECT json_extract(value, '$[0]'), NEW.file_id, json_extract(value, '$[1]') FROM json_each(NEW.activations);
    INSERT INTO count_steps VALUES (
        1, NEW.artist_key, coalesce(NEW.artist, NEW.album_artist), NEW.album_key, NEW.album, NEW.album_artist_key,
        iif(NEW.album_artist_key = '', NULL, coalesce(NEW.album_artist, NEW.artist)), NEW.bpm, NEW.camelot,
        NEW.loudness, NEW.year, NEW.format, NEW.duration_seconds, NEW.activations
    );
END;
CREATE TRIGGER track_removed AFTER DELETE ON tracks BEGIN
    INSERT INTO track_words (track_words, rowid, title, artist, album_artist, album, genres)
        SELECT 'delete', OLD.file_id, OLD.title, OLD.artist, OLD.album_artist, OLD.album, OLD.genres WHERE OLD.title IS NOT NULL;
    DELETE FROM track_genres
    WHERE file_id = OLD.file_id AND genre IN (SELECT value FROM json_each(OLD.genre_keys));
    DELETE FROM track_tags
    WHERE file_id = OLD.file_id AND tag IN (SELECT json_extract(value, '$[0]') FROM json_each(OLD.activations));
    INSERT INTO count_steps VALUES (
        -1, OLD.artist_key, coalesce(OLD.artist, OLD.album_artist), OLD.album_key, OLD.album, OLD.album_artist_key,
        iif(OLD.album_artist_key = '', NULL, coalesce(OLD.album_artist, OLD.artist)), OLD.bpm, OLD.camelot,
        OLD.loudness, OLD.year, OLD.format, OLD.duration_seconds, OLD.activations
    );
END;
CREATE TRIGGER track_renamed AFTER UPDATE OF title, artist, album_artist, album, genres ON tracks WHEN
    OLD.title IS NOT NEW.title OR OLD.artist IS NOT NEW.artist OR OLD.album_artist IS NOT NEW.album_artist OR
    OLD.album IS NOT NEW.album OR OLD.genres IS NOT NEW.genres
BEGIN
    INSERT INTO track_words (track_words, rowid, title, artist, album_artist, album, genres)
        SELECT 'delete', OLD.file_id, OLD.title, OLD.artist, OLD.album_artist, OLD.album, OLD.genres WHERE OLD.title IS NOT NULL;
    INSERT INTO track_words (rowid, title, artist, album_artist, album, genres)
        SELECT NEW.file_id, NEW.title, NEW.artist, NEW.album_artist, NEW.album, NEW.genres WHERE NEW.title IS NOT NULL;
    DELETE FROM track_genres
    WHERE file_id = OLD.file_id AND genre IN (SELECT value FROM json_each(OLD.genre_keys));
    INSERT OR IGNORE INTO track_genres SELECT value, NEW.file_id FROM json_each(NEW.genre_keys);
END;
CREATE TRIGGER track_tagged AFTER UPDATE OF activations ON tracks WHEN OLD.activations <> NEW.activations BEGIN
    DELETE FROM track_tags
    WHERE file_id = OLD.file_id AND tag IN (SELECT json_extract(value, '$[0]') FROM json_each(OLD.activations));
    INSERT OR IGNORE INTO track_tags
        SELECT json_extract(value, '$[0]'), NEW.file_id, json_extract(value, '$[1]') FROM json_each(NEW.activations);
END;
CREATE TRIGGER track_recounted AFTER UPDATE ON tracks WHEN
    OLD.artist_key IS NOT NEW.artist_key OR OLD.artist IS NOT NEW.artist OR
    OLD.album_key IS NOT NEW.album_key OR OLD.album IS NOT NEW.album OR
    OLD.album_artist_key IS NOT NEW.album_artist_key OR OLD.album_artist IS NOT NEW.album_artist OR
    OLD.bpm IS NOT NEW.bpm OR OLD.camelot IS NOT NEW.camelot OR OLD.loudness IS NOT NEW.loudness OR
    OLD.year IS NOT NEW.year OR OLD.format IS NOT NEW.format OR
    OLD.duration_seconds IS NOT NEW.duration_seconds OR OLD.activations IS NOT NEW.activations
BEGIN
    INSERT INTO count_steps VALUES (
        -1, OLD.artist_key, coalesce(OLD.artist, OLD.album_artist), OLD.album_key, OLD.album, OLD.album_artist_key,
        iif(OLD.album_artist_key = '', NULL, coalesce(OLD.album_artist, OLD.artist)), OLD.bpm, OLD.camelot,
        OLD.loudness, OLD.year, OLD.format, OLD.duration_seconds, OLD.activations
    );
    INSERT INTO count_steps VALUES (
        1, NEW.artist_key, coalesce(NEW.artist, NEW.album_artist), NEW.album_key, NEW.album, NEW.album_artist_key,
        iif(NEW.album_artist_key = '', NULL, coalesce(NEW.album_artist, NEW.artist)), NEW.bpm, NEW.camelot,
        NEW.loudness, NEW.year, NEW.format, NEW.duration_seconds, NEW.activations
    );
END;

-- What follows from a row of files. Other bytes, or another name, may mean other tags: they are read again.
CREATE TRIGGER file_returned AFTER INSERT ON files WHEN NEW.status IS NOT NULL BEGIN
    INSERT OR IGNORE INTO tracks (file_id, status) VALUES (NEW.id, NEW.status);
END;
CREATE TRIGGER file_left AFTER DELETE ON files BEGIN
    DELETE FROM tracks WHERE file_id = OLD.id;
END;
CREATE TRIGGER file_renamed AFTER UPDATE OF path ON files WHEN OLD.path <> NEW.path BEGIN
    UPDATE tracks SET tags_due = 1 WHERE file_id = NEW.id AND from_path <> '';
END;
CREATE TRIGGER file_rewritten AFTER UPDATE OF size_bytes, mtime_ns, ctime_ns ON files
WHEN OLD.size_bytes <> NEW.size_bytes OR OLD.mtime_ns <> NEW.mtime_ns
    OR (OLD.ctime_ns <> NEW.ctime_ns AND OLD.ctime_ns <> 0 AND NEW.ctime_ns <> 0)
BEGIN
    UPDATE tracks SET tags_due = 1 WHERE file_id = NEW.id;
END;
