"""What the makers of files share: the signal, ffmpeg's arguments for it, and a way to run what writes a file.

Input: a layout, a rate, a length. Output: raw samples on disk, or a file. Every channel has its own level, so that a
wrong order or weight shows in the loudness.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from playlista.decode.readers.ffmpeg_child import ffmpeg_path

RATE_HZ = 48_000
SECONDS = 1.5
#: Levels of the channels in turn, dBFS RMS: 18, 5 and 11 dB apart, so that no two neighbours can be confused.
LEVELS_DB = (-24.0, -35.0, -17.0, -29.0, -21.0, -38.0, -15.0)
WRITE_SECONDS = 60
DULL_TAPS = 8

#: Where a file goes, and what writes it there.
Job: TypeAlias = tuple[Path, Callable[[Path], None]]
_ONE_AT_A_TIME = threading.Lock()

_LAYOUT = re.compile(r"^(\S+) +([A-Z0-9]+(?:\+[A-Z0-9]+)*)$")


@cache
def layouts() -> dict[str, int]:
    """Channels of every layout that this ffmpeg knows, by its name."""
    listing = subprocess.run([ffmpeg_path(), "-hide_banner", "-layouts"], capture_output=True, text=True, check=True)
    standard = listing.stdout.partition("Standard channel layouts")[2]
    found = (match for line in standard.splitlines() if (match := _LAYOUT.match(line.strip())))
    return {match[1]: match[2].count("+") + 1 for match in found if match[1] != "NAME"}


def signal(channels: int, rate_hz: int = RATE_HZ, seconds: float = SECONDS, seed: int = 0) -> NDArray[np.float32]:
    """Dull noise with a slow swell, each channel at a level of its own [shape=(n, channels), float32].

    It has little near half the rate, as music has, since ffmpeg's loudness filter resamples and loses that part.
    """
    count = round(seconds * rate_hz)
    white = np.random.default_rng(seed).standard_normal((count, channels))
    dull = np.apply_along_axis(np.convolve, 0, white, np.hanning(DULL_TAPS + 2)[1:-1], mode="same")
    swell = 0.75 + 0.25 * np.sin(2 * np.pi * np.arange(count) / rate_hz)
    levels = np.array([LEVELS_DB[(channel + seed) % len(LEVELS_DB)] for channel in range(channels)])
    scaled = dull / dull.std(axis=0) * swell[:, np.newaxis] * 10.0 ** (levels / 20.0)
    return np.clip(scaled, -1.0, 1.0).astype(np.float32)


def raw_input(scratch: Path, layout: str, rate_hz: int = RATE_HZ, seconds: float = SECONDS, seed: int = 0) -> list[str]:
    """ffmpeg's arguments for `signal` in `layout`, kept as raw samples in `scratch`."""
    channels = layouts()[layout]
    path = scratch / f"{channels}-{rate_hz}-{seconds}-{seed}.f32"
    with _ONE_AT_A_TIME:
        if not path.exists():
            signal(channels, rate_hz, seconds, seed).tofile(path)
    return ["-f", "f32le", "-ar", str(rate_hz), "-ch_layout", layout, "-i", str(path)]


def ffmpeg(path: Path, *arguments: str) -> None:
    """Write `path`; what cannot be written leaves nothing behind."""
    run(path, ffmpeg_path(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments, str(path))


def run(path: Path, *command: str) -> None:
    """Run `command`, which writes `path`; remove `path` where it fails."""
    ended = subprocess.run(command, capture_output=True, check=False, timeout=WRITE_SECONDS)
    if ended.returncode:
        path.unlink(missing_ok=True)
