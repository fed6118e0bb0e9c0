-- Loudness weighs channels by their layout from its version 2 on. Of one and two channels no value changed, so their
-- results are as good as new ones; those of more channels stay at version 1 and are computed anew.

INSERT OR IGNORE INTO version_sets (versions)
SELECT replace(versions, '"loudness": 1', '"loudness": 2') FROM version_sets
WHERE json_extract(versions, '$.loudness') = 1;

UPDATE analyses
SET version_set = (
        SELECT newer.id FROM version_sets AS older
        JOIN version_sets AS newer ON newer.versions = replace(older.versions, '"loudness": 1', '"loudness": 2')
        WHERE older.id = analyses.version_set
    ),
    result = json_set(
        result,
        '$.versions.loudness', 2,
        '$.audio.channel_layout', iif(json_extract(result, '$.audio.channels') = 1, 'mono', 'stereo')
    )
WHERE version_set IN (SELECT id FROM version_sets WHERE json_extract(versions, '$.loudness') = 1)
    AND json_extract(result, '$.audio.channels') <= 2;
