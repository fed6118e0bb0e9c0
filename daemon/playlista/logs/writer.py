"""Writes log lines without ever making anybody wait who logs: what the reader of stderr does not take is dropped.

Input is records of ``logging``. Output is lines on a stream, written by a thread of its own. A terminal that is held
(Ctrl-S) or a collector that stopped reading fills the pipe behind stderr, and then each write waits until it reads on:
the worker's, the watcher's, everybody's. So lines wait in a bounded queue, and what does not fit is counted and said.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
from contextlib import suppress
from typing import TextIO

#: Lines that may wait, some megabytes at most.
QUEUED_LINES = 5_000
#: How long the end of the program waits for a reader.
LAST_LINES_SECONDS = 1.0


class DroppingHandler(logging.Handler):
    """A handler for one stream.

    Parameters
    ----------
    stream : closed pipes and full disks behind it are endured.
    queued_lines : lines that may wait for the stream.
    """

    def __init__(self, stream: TextIO, *, queued_lines: int = QUEUED_LINES) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | threading.Event | None] = queue.Queue(queued_lines)
        #: Lines that nobody took, so far.
        self.dropped = 0
        self._said_dropped = 0
        self._writer = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the line to the writer, or drop it."""
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def flush(self) -> None:
        """Wait until what was logged so far is written, for a second at most."""
        written = threading.Event()
        with suppress(queue.Full):
            self._lines.put(written, timeout=LAST_LINES_SECONDS)
            written.wait(LAST_LINES_SECONDS)

    def close(self) -> None:
        """Write what waits, if it is taken within a second; may be called twice."""
        atexit.unregister(self.close)
        if self._writer.is_alive():
            try:
                self._lines.put(None, timeout=LAST_LINES_SECONDS)
            except queue.Full:
                pass
            else:
                self._writer.join(LAST_LINES_SECONDS)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            if isinstance(line, threading.Event):
                line.set()
                continue
            try:
                self._stream.write(f"{line}\n")
                if self.dropped > self._said_dropped:
                    self._stream.write(f"{self._note_of_dropped()}\n")
                self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1  # the pipe's reader is gone, the disk is full, the stream is closed

    def _note_of_dropped(self) -> str:
        lost = self.dropped - self._said_dropped
        self._said_dropped += lost
        known = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": "log.dropped"}
        return self.format(logging.makeLogRecord({**known, "lines": lost, "why": "stderr was not read"}))
