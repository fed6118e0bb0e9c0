"""The judge of the table "files": what ffmpeg decodes of a file, and how loud its ebur128 filter finds it.

Input: paths. Output: a ``Heard`` for each. The samples are counted in ffmpeg's ``framecrc`` output, which also names
rate and layout; loudness is the filter's last word. It is the ffmpeg that the lock file fixes, so that every machine
has the same judge.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import imageio_ffmpeg

TIMEOUT_SECONDS = 300
#: What the filter says where its gate lets nothing through.
GATED_LUFS = -70.0
_HEADER = re.compile(r"^#(sample_rate|channel_layout_name) 0: (.+)$", re.MULTILINE)
_INTEGRATED = re.compile(r"^ +I: +(-?[\d.]+|-?inf|nan) LUFS$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Heard:
    """One file by ffmpeg; all None where it decodes nothing of it.

    integrated_lufs : None under the gate of BS.1770.
    """

    seconds: float | None = None
    sample_rate_hz: int | None = None
    layout: str | None = None
    integrated_lufs: float | None = None


def hear_all(paths: Iterable[Path], workers: int = 2) -> Iterator[Heard]:
    """What ffmpeg makes of each of `paths`, in order."""
    with ThreadPoolExecutor(workers) as threads:
        yield from threads.map(hear, paths)


def hear(path: Path) -> Heard:
    """What ffmpeg makes of the first sound stream of `path`."""
    decoded, log = _run(
        *(*_given(path), "-c:a", "pcm_f32le", "-f", "framecrc", "pipe:1"),
        *("-map", "0:a:0", "-af", "ebur128=framelog=verbose", "-f", "null", "-"),
    )
    heard = _heard(decoded.decode("ascii", "replace"))
    if heard.seconds is None:
        return heard
    # Where rate or channels change within the file, the filter starts anew and tells of each part alone.
    return replace(heard, integrated_lufs=_lufs(log) if log.count("Summary:") == 1 else _lufs_of_all(path, heard))


def _given(path: Path) -> tuple[str, ...]:
    return "-vn", "-sn", "-dn", "-i", f"file:{path}", "-map", "0:a:0"


def _run(*arguments: str, given: bytes = b"") -> tuple[bytes, str]:
    """What ffmpeg writes and says; nothing where it takes too long."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-nostats", *arguments]
    try:
        ended = subprocess.run(command, input=given, capture_output=True, check=False, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return b"", ""
    return ended.stdout, ended.stderr.decode("utf-8", "replace")


def _lufs_of_all(path: Path, heard: Heard) -> float | None:
    """Loudness of all that is decoded of `path`, brought to the rate and channels of its beginning."""
    samples, _ = _run(*_given(path), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1")
    described = ("-f", "f32le", "-ar", str(heard.sample_rate_hz), "-ch_layout", str(heard.layout), "-i", "pipe:0")
    return _lufs(_run(*described, "-af", "ebur128=framelog=verbose", "-f", "null", "-", given=samples)[1])


def _lufs(log: str) -> float | None:
    said = _INTEGRATED.findall(log)
    lufs = float(said[-1]) if said else math.nan
    return lufs if math.isfinite(lufs) and lufs > GATED_LUFS else None


def _heard(frames: str) -> Heard:
    """Length, rate and layout by the lines of the ``framecrc`` muxer."""
    header = dict(_HEADER.findall(frames))
    durations = [int(line.split(",")[3]) for line in frames.splitlines() if line and not line.startswith("#")]
    if not durations or "sample_rate" not in header:
        return Heard()
    rate_hz = int(header["sample_rate"])
    return Heard(sum(durations) / rate_hz, rate_hz, header.get("channel_layout_name"))
