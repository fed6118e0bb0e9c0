"""What a running ffmpeg writes to its standard error, read in another thread so that it never waits for us.

Input: the pipe. Output: its first and last lines, and the line that describes the stream that ffmpeg writes.
"""

from __future__ import annotations

import threading
from collections import deque

from audioread.ffdec import QueueReaderThread

_HEAD_LINES, _TAIL_LINES = 200, 20
_LINE_BYTES = 512


class FfmpegLog(QueueReaderThread):  # type: ignore[misc]
    """Drains stderr and keeps its first and last lines: a damaged file may cause a line a frame for hours."""

    def __init__(self, pipe: object) -> None:
        super().__init__(pipe, discard=True)
        self.lines: deque[str] = deque()
        self.described = threading.Event()
        self.output_stream = ""

    def run(self) -> None:
        is_output = False
        for line in iter(lambda: self.fh.readline(_LINE_BYTES), b""):
            text = line.decode("utf-8", "replace").rstrip()
            if len(self.lines) >= _HEAD_LINES + _TAIL_LINES:
                del self.lines[_HEAD_LINES]
            self.lines.append(text)
            is_output = is_output or text.startswith("Output #0")
            if is_output and text.startswith("  Stream #0:0"):
                self.output_stream = text
                self.described.set()
        self.described.set()
