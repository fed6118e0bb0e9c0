"""Keeps what mpg123 says of damaged MP3s off the user's terminal, and nothing else.

Input: a call into libsndfile. Output: on standard error, every line that was written meanwhile but
mpg123's; those go to the log, at debug level. libsndfile uses mpg123 without its quiet flag and offers no other way to
silence it, and one damaged file may cause thousands of lines.
"""

from __future__ import annotations

import logging
import os
import re
import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_NOTICE = re.compile(rb"Note: |Warning: Xing |\[[^\]]*libmpg123[^\]]*\] (?:error|warning): ")
_STDERR = 2
_LOGGED_LINES = 5
#: Two threads that redirect one descriptor would restore each other's redirection.
_ONE_AT_A_TIME = threading.Lock()


def _write_if_taken(line: bytes) -> None:
    """Write to standard error unless its reader has stopped reading, which would stop us, too."""
    poll = select.poll()
    poll.register(_STDERR, select.POLLOUT)
    # A pipe that is ready takes this much at once (POSIX, PIPE_BUF).
    if poll.poll(0):
        os.write(_STDERR, line[: select.PIPE_BUF])


class MpegNotices:
    """A place for the lines of one file's decoder."""

    def __init__(self) -> None:
        self._log = logging.getLogger(__name__)  # not structlog: see `playlista.logs`
        self._spool = os.fdopen(os.memfd_create("notices"), "w+b")

    @contextmanager
    def suppressed(self) -> Iterator[None]:
        """Hold back mpg123's notices that are written to file descriptor 2; all other lines come when the block ends.

        The descriptor is redirected for the whole process for as long as one call takes, so other threads' lines may
        come late, but they come.
        """
        with _ONE_AT_A_TIME, ExitStack() as after:
            # Without a standard error there is nothing to spoil.
            with suppress(OSError):
                kept = os.dup(_STDERR)
                after.callback(os.close, kept)
                after.callback(self._hand_on)
                after.callback(os.dup2, kept, _STDERR)
                os.dup2(self._spool.fileno(), _STDERR)
            yield

    def close(self) -> None:
        """Give the place back."""
        self._spool.close()

    def _hand_on(self) -> None:
        self._spool.seek(0)
        lines = self._spool.readlines()
        if not lines:
            return
        self._spool.seek(0)
        self._spool.truncate()
        for line in lines:
            if not _NOTICE.match(line):
                _write_if_taken(line)
        notices = [line.decode("utf-8", "replace").strip() for line in lines if _NOTICE.match(line)]
        if notices:
            said = {"notices": notices[:_LOGGED_LINES], "count": len(notices)}
            self._log.debug("decoder.complained", extra=said)
