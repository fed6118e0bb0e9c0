"""Keeps what native libraries say while they start from the user's terminal, and nothing else.

Input: a block of code that imports or starts such a library. Output: on standard error, every line that was
written meanwhile but the notices. ``TF_CPP_MIN_LOG_LEVEL=2`` silences TensorFlow 2.5 (essentia's) altogether; 2.21
still writes, to the file descriptor and before it has read that variable, a warning about its own logging and a notice
on oneDNN, each twice.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

#: absl's own preamble, and its lines of level INFO ("I0000 00:00:1795498693.571360   12331 port.cc:153] ...").
_NOTICE = re.compile(rb"WARNING: All log messages before absl::InitializeLog\(\)|I\d{4} \d\d:\d\d:\d+\.\d+ ")

_STDERR = 2


@contextmanager
def notices_withheld() -> Iterator[None]:
    """Hold back the notices that the block writes to file descriptor 2; all other lines come when it ends.

    The descriptor is redirected for the whole process, to a file, so other threads' lines may come late, but they come.
    """
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    try:
        with tempfile.TemporaryFile() as spool:
            os.dup2(spool.fileno(), _STDERR)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(kept, _STDERR)
                spool.seek(0)
                for line in spool:
                    if not _NOTICE.match(line):
                        os.write(_STDERR, line)
    finally:
        os.close(kept)
