"""Writes the files that ``benchmarks.music`` asks for: ``python -m benchmarks.music_making ORDER.json``.

Input: an order with sources and requests. Output: files, each whole or not there. MP3 is written by ffmpeg's
libmp3lame, since libsndfile's takes ten minutes for an hour of music.
"""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.music import RATE_HZ, Request, Source, blocks

MP3_BITS_PER_SECOND = 320_000
FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}


class Row:
    """The sources one after another for ever, as stereo at 44.1 kHz."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def blocks(self, skip_seconds: float) -> Iterator[Any]:
        """Seconds of samples [shape=(n, 2), float32] from `skip_seconds` on."""
        skip_seconds %= sum(source.seconds for source in self._sources)
        for source in itertools.cycle(self._sources):
            if skip_seconds < source.seconds:
                yield from _stereo(source, skip_seconds)
            skip_seconds = max(0.0, skip_seconds - source.seconds)


def _stereo(source: Source, skip_seconds: float) -> Iterator[Any]:
    with soundfile.SoundFile(source.path) as file:
        file.seek(int(skip_seconds * file.samplerate))
        for samples in _resampled(file):
            yield np.ascontiguousarray(samples[:, [0, min(1, samples.shape[1] - 1)]])


def _resampled(file: Any) -> Iterator[Any]:
    if file.samplerate == RATE_HZ:
        yield from blocks(file)
        return
    stream = soxr.ResampleStream(file.samplerate, RATE_HZ, file.channels, dtype="float32")
    for block in blocks(file):
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, file.channels), np.float32), last=True)


def make(path: Path, row: Row, request: Request) -> None:
    """Write under another name first: a file that is there is whole."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    write = _write_mp3 if request.suffix == ".mp3" else _write
    write(unfinished, row.blocks(request.skip_seconds), request)
    unfinished.rename(path)


def _write(path: Path, samples: Iterator[Any], request: Request) -> None:
    form, subtype = FORMATS[request.suffix]
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, format=form, subtype=subtype) as file:
        for block in _until(samples, request.seconds):
            file.write(block)
            if request.megabytes and _size(file, path) >= request.megabytes * 1e6:
                break


def _write_mp3(path: Path, samples: Iterator[Any], request: Request) -> None:
    """A constant bit rate makes a size a duration."""
    import imageio_ffmpeg

    seconds = request.seconds or math.ceil((request.megabytes or 0) * 8e6 / MP3_BITS_PER_SECOND)
    raw = ("-f", "f32le", "-ar", str(RATE_HZ), "-ac", "2", "-i", "pipe:0")
    mp3 = ("-c:a", "libmp3lame", "-b:a", str(MP3_BITS_PER_SECOND), "-f", "mp3", "-y", str(path))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, *mp3]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for block in _until(samples, seconds):
            encoder.stdin.write(block.astype("<f4").tobytes())
    if encoder.returncode:
        raise SystemExit(f"benchmarks: ffmpeg could not write {path}")


def _until(samples: Iterator[Any], seconds: float | None) -> Iterator[Any]:
    """The blocks of the first `seconds`; all of them for None."""
    if seconds is None:
        yield from samples
        return
    left = round(seconds * RATE_HZ)
    for block in samples:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _size(file: Any, path: Path) -> int:
    file.flush()
    return path.stat().st_size


def main(order_path: str) -> None:
    order = json.loads(Path(order_path).read_text())
    row = Row([Source(**source) for source in order["sources"]])
    for path, request in order["files"]:
        make(Path(path), row, Request(**request))


if __name__ == "__main__":
    main(sys.argv[1])
