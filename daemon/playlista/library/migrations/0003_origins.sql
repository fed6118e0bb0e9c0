-- Version 3: which bytes a result was made from, how that music begins, and which settings made it.

ALTER TABLE files ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0;  -- as stat(2) gave it; 0: not known, or not lasting

-- 1: the file is new or was changed, so that a result it has may be of other bytes
ALTER TABLE jobs ADD COLUMN changed INTEGER NOT NULL DEFAULT 1;
-- 1: a file of this size has a result, so that the bytes are compared with it before anything is decoded
ALTER TABLE jobs ADD COLUMN compare INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_to_compare ON jobs (lane, due_at) WHERE compare = 1 AND state = 'queued';

CREATE TABLE setting_sets (
    id       INTEGER PRIMARY KEY,
    settings TEXT NOT NULL UNIQUE            -- JSON object {feature group: {setting: value}}; a handful in any library
) STRICT;

-- Apart from the results, whose rows are long: these are searched. A result of version 0.1 has no row here until its
-- file has been read again.
CREATE TABLE origins (
    file_id     INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    content     BLOB,                        -- size and hash of the file that was analyzed; NULL: not known
    sound       BLOB,                        -- hash of its decoded samples, all channels; NULL: not known, or cut
    opening     BLOB,                        -- the same of the first seconds; NULL: not known, or silence
    setting_set INTEGER REFERENCES setting_sets (id)  -- NULL: not known
) STRICT;

CREATE INDEX origins_by_content ON origins (content) WHERE content IS NOT NULL;
CREATE INDEX origins_by_opening ON origins (opening) WHERE opening IS NOT NULL;
CREATE INDEX origins_by_settings ON origins (setting_set);
