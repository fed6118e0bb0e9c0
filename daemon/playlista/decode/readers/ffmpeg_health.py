"""Whether ffmpeg works here at all: it is asked to decode a second of silence, under the limits of a real child.

Input is the command that makes a child. Output is a line that says why it does not work, or None. Where it does not,
no file is to blame that it could not decode: a missing library, a binary of another machine, a limit of memory that
its loader does not survive (exit code 127), a wrapper that forbids it.
"""

from __future__ import annotations

import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress

#: A machine that swaps takes long to start a program, but not so long.
ANSWER_SECONDS = 60.0
#: An ffmpeg that did not work is not asked more often than this.
RECHECK_SECONDS = 10.0
_RATE_HZ = 8000
_SILENCE_BYTES = 2 * _RATE_HZ
_ONE_LINE = 200


class FfmpegHealth:
    """What was last found out, by whichever thread.

    Parameters
    ----------
    start : starts an ffmpeg that decodes the open file to its standard output, under a memory limit in bytes.
    clock : seconds, monotonic.
    """

    def __init__(
        self,
        start: Callable[[int, int | None], subprocess.Popen[bytes]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._clock = clock
        self._lock = threading.Lock()
        self._checked_at = -RECHECK_SECONDS
        #: Why ffmpeg did not work when it was last tried, for /readyz and the log; None where it did or nobody asked.
        self.trouble: str | None = None

    def check(self, memory_bytes: int | None) -> str | None:
        """Try it now; why it does not work, None where it does."""
        with self._lock:
            if self.trouble is not None and self._clock() - self._checked_at < RECHECK_SECONDS:
                return self.trouble
            self.trouble = self._try(memory_bytes)
            self._checked_at = self._clock()
            return self.trouble

    def recheck(self, memory_bytes: int | None) -> str | None:
        """Try again what did not work, if it is time; costs nothing where there is no trouble."""
        return self.check(memory_bytes) if self.trouble is not None else None

    def _try(self, memory_bytes: int | None) -> str | None:
        descriptor = os.memfd_create("silence", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, _silence())
            child = self._start(descriptor, memory_bytes)
            try:
                sound, said = child.communicate(timeout=ANSWER_SECONDS)
            except subprocess.TimeoutExpired:
                return f"ffmpeg did not decode a second of silence within {ANSWER_SECONDS:g} s"
            finally:
                child.kill()
                child.wait()
                for pipe in (child.stdout, child.stderr):
                    with suppress(OSError):
                        pipe.close() if pipe else None
        except OSError as error:
            return f"ffmpeg cannot be started: {error.strerror}"
        finally:
            os.close(descriptor)
        if child.returncode == 0 and len(sound) >= _SILENCE_BYTES:
            return None
        return _why(child.returncode, said, memory_bytes)


def _why(status: int, said: bytes, memory_bytes: int | None) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    how = f"signal {-status}" if status < 0 else f"exit code {status}"
    limit = "" if memory_bytes is None else f" with {memory_bytes >> 20} MB of memory"
    last = f": {lines[-1][:_ONE_LINE]}" if lines else ""
    return f"ffmpeg does not run here{limit} ({how}{last}); reinstall it or raise the memory limit"


def _silence() -> bytes:
    """A second of 16-bit silence as WAV."""
    form = struct.pack("<HHIIHH", 1, 1, _RATE_HZ, 2 * _RATE_HZ, 2, 16)
    size = 36 + _SILENCE_BYTES
    head = b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", len(form)) + form
    return head + b"data" + struct.pack("<I", _SILENCE_BYTES) + bytes(_SILENCE_BYTES)
