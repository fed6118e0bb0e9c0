-- Version 9: other programs name a track by the code of its recording (ISRC).

CREATE INDEX tracks_by_isrc ON tracks (isrc) WHERE isrc IS NOT NULL;
