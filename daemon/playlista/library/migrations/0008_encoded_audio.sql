-- Version 8: an identity of the encoded audio, which is the same on every machine; that of the decoded sound is not.

ALTER TABLE origins ADD COLUMN encoded_kind TEXT;  -- by which rules: 'ogg/1'; 'decoded/1': there is none; NULL: not read
ALTER TABLE origins ADD COLUMN encoded BLOB;       -- hash of the encoded audio without tags and pictures

CREATE INDEX origins_by_encoded ON origins (encoded) WHERE encoded IS NOT NULL;
