"""How much memory to give the daemon: the one figure that every document, default and check takes.

Measured by ``make bench-memory`` (docs/appendix/benchmarks.md, "How little is enough") and ``make test-cgroup2``
(docs/deploy/cgroup2.md): an hour of FLAC, WAV or MP3 is analyzed whole, tags included, within `LEAST_MIB`.
`ADVISED_MIB` is a third more, for the page cache of large files and for other programs in the container.
tests/deploy/test_memory_advice.py keeps documents and defaults to these two.
"""

from __future__ import annotations

#: Least memory limit, in MiB, in which every file is analyzed whole with tags.
LEAST_MIB = 192

#: Memory limit, in MiB, that the deployments set.
ADVISED_MIB = 256
