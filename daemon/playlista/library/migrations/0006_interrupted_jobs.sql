-- Version 6: what tells, at the next start, whether the track that was at work ended the process. See docs/adr/0012.

ALTER TABLE jobs ADD COLUMN boot_id TEXT;       -- of the machine's run in which it was claimed; '' where it is not told
ALTER TABLE jobs ADD COLUMN oom_kills INTEGER;  -- processes that the OOM killer had ended until then; NULL: not told
ALTER TABLE jobs ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;  -- deaths on this content that were not counted
