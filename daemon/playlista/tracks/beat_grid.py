"""The times of a track's beats in two bytes a beat, as text, so that they are kept in the result object.

Input: times in seconds, ascending. Output: base64 of unsigned 16-bit little-endian steps in milliseconds, the first one
from the start of the track; 65535 stands for as many milliseconds without a beat, to be added to the step after it. A
song of four minutes takes 1.3 kB, a mix of ten hours 190 kB. Any program reads it in a few lines.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import accumulate

_LONGEST_STEP = 65535


def encode_beats(times_seconds: Iterable[float]) -> str:
    """The text of these times, exact to the millisecond."""
    return b64encode(b"".join(struct.pack("<H", step) for step in _steps(times_seconds))).decode()


def decode_beats(text: str) -> list[float]:
    """The times in seconds of a text that `encode_beats` made."""
    steps = [step for (step,) in struct.iter_unpack("<H", b64decode(text))]
    times = accumulate(steps)
    return [time / 1000 for time, step in zip(times, steps, strict=True) if step != _LONGEST_STEP]


def _steps(times_seconds: Iterable[float]) -> Iterator[int]:
    before = 0
    for time in times_seconds:
        step = round(time * 1000) - before
        before += step
        while step >= _LONGEST_STEP:
            yield _LONGEST_STEP
            step -= _LONGEST_STEP
        yield step
