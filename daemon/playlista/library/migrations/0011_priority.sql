-- Version 11: the order of jobs by its usual name. 0: somebody is waiting; 1: found by a scan; 2: outdated result.

ALTER TABLE jobs RENAME COLUMN lane TO priority;
