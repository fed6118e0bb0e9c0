"""Real music for the measurements: found in a folder, and put end to end into files of a wanted length, size and
format.

Input: a folder with music. Output: :class:`Source` tracks, and files under ``build/bench/music``, which are
kept from run to run as long as the sources and the request stay the same. Nothing is synthesised: silence and noise
compress, decode and analyze in another time than music does.

``python -m benchmarks.music find …`` and ``python -m benchmarks.music_making …`` do the work in processes of their own,
because numpy would make the one that measures large.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.children import python, run

RATE_HZ = 44100
SUFFIXES = (".flac", ".wav", ".mp3", ".ogg", ".opus", ".aiff", ".aif")
LEAST_SECONDS = 45.0
SILENT_BELOW = 1e-3


@dataclass(frozen=True, slots=True)
class Source:
    """A track that decodes whole and is no silence. seconds : as decoded, whatever its header says."""

    path: str
    seconds: float
    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class Request:
    """A file to be made; it ends at `seconds` or at `megabytes` (10^6), whichever is given.

    skip_seconds : where in the endless row of sources it begins.
    """

    suffix: str
    seconds: float | None = None
    megabytes: float | None = None
    skip_seconds: float = 0.0

    @property
    def name(self) -> str:
        """Of the file."""
        length = f"{self.seconds:g}s" if self.seconds is not None else f"{self.megabytes:g}MB"
        return f"{length}-{self.skip_seconds:g}{self.suffix}"


def find_music(folder: Path, *, total_seconds: float, least_seconds: float = LEAST_SECONDS) -> list[Source]:
    """Tracks of `folder` in sorted order until they are `total_seconds` together; at least one.

    Raises
    ------
    SystemExit : the folder has none.
    """
    command = python("-m", "benchmarks.music", "find", str(folder), str(total_seconds), str(least_seconds))
    found = [Source(**source) for source in json.loads(run(command).checked().output)]
    if not found:
        raise SystemExit(f"benchmarks: no track of {least_seconds:g} s or more that decodes whole in {folder}")
    return found


def make_music(sources: Sequence[Source], folder: Path, requests: Sequence[Request]) -> list[Path]:
    """The requested files, in that order, made where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = hashlib.sha256(json.dumps([_stamp(source) for source in sources]).encode()).hexdigest()[:12]
    paths = [folder / f"{stamp}-{request.name}" for request in requests]
    missing = [(str(path), asdict(request)) for path, request in zip(paths, requests, strict=True) if not path.exists()]
    if missing:
        order = folder / f"order-{os.getpid()}.json"
        order.write_text(json.dumps({"sources": [asdict(source) for source in sources], "files": missing}))
        run(python("-m", "benchmarks.music_making", str(order))).checked()
        order.unlink()
    return paths


def _stamp(source: Source) -> list[Any]:
    status = os.stat(source.path)
    return [os.path.realpath(source.path), status.st_size, status.st_mtime_ns]


def _find(folder: str, total_seconds: float, least_seconds: float) -> Iterator[Source]:
    import soundfile

    names = sorted(os.path.join(where, name) for where, _, files in os.walk(folder) for name in files)
    total = 0.0
    for path in (name for name in names if name.lower().endswith(SUFFIXES)):
        try:
            with soundfile.SoundFile(path) as file:
                if not least_seconds <= file.frames / file.samplerate < 24 * 3600:
                    continue
                source, loudness = _heard(path, file)
        except (soundfile.LibsndfileError, RuntimeError):
            continue
        if source.seconds >= least_seconds and loudness > SILENT_BELOW:
            yield source
            total += source.seconds
        if total >= total_seconds:
            return


def _heard(path: str, file: Any) -> tuple[Source, float]:
    """What `file` really has, and the root mean square of its samples."""
    frames, energy = 0, 0.0
    for block in blocks(file):
        frames += len(block)
        energy += float((block.astype("float64") ** 2).sum()) / block.shape[1]
    return Source(path, frames / file.samplerate, file.samplerate, file.channels), (energy / max(1, frames)) ** 0.5


def blocks(file: Any) -> Iterator[Any]:
    """Seconds of samples [shape=(n, channels), float32] up to the true end, which need not be the declared one."""
    while len(block := file.read(file.samplerate, dtype="float32", always_2d=True)):
        yield block


def main(folder: str, total_seconds: str, least_seconds: str) -> None:
    found = _find(folder, float(total_seconds), float(least_seconds))
    print(json.dumps([asdict(source) for source in found]))


if __name__ == "__main__":
    main(*sys.argv[2:])
