-- Version 12: which worker of a cluster has the job; NULL: the daemon's own process. See docs/adr/0020.

ALTER TABLE jobs ADD COLUMN worker TEXT;
