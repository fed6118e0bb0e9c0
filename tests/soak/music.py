"""Short excerpts of real music in every format, for soaks that need hundreds of tracks and minutes, not hours.

Input: a folder with music, or none: then something like music is synthesised, and the tables say so.
Output: small files, made by ffmpeg.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.music import find_music
from playlista.decode.readers.ffmpeg_child import ffmpeg_path

#: Suffix and encoder; the first six are decoded by libsndfile inside the daemon, the others by its ffmpeg child.
FORMS: dict[str, tuple[str, ...]] = {
    "flac": ("flac",),
    "wav": ("pcm_s16le",),
    "mp3": ("libmp3lame", "-b:a", "128k"),
    "ogg": ("libvorbis", "-q:a", "4"),
    "opus": ("libopus", "-b:a", "96k"),
    "aiff": ("pcm_s24be",),
    "m4a": ("aac", "-b:a", "128k"),
    "wma": ("wmav2", "-b:a", "128k"),
    "alac.m4a": ("alac",),
    "aac": ("aac", "-b:a", "96k"),
    "wv": ("wavpack",),
    "tta": ("tta",),
    "caf": ("pcm_s16be",),
    "w64": ("pcm_f32le",),
    "mka": ("libvorbis", "-q:a", "2"),
    "au": ("pcm_mulaw",),
}
#: Where excerpts begin in their sources: far enough apart to be different music.
_STEP_SECONDS = 11.0
MADE_SECONDS = 30.0
_NOISE_HZ = 8000
#: Time stamps are made anew, for some files of test suites have broken ones, and what is cut from them would, too.
_WHOLE = ("-map", "0:a:0", "-af", "asetpts=N/SR/TB")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where an excerpt is cut from."""

    source: str
    begin_seconds: float


def make_excerpts(music: Path | None, folder: Path, suffixes: Sequence[str], count: int, seconds: float) -> list[Path]:
    """`count` excerpts of `seconds` in turn in each format of `suffixes`, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, (suffix, excerpt) in enumerate(zip(cycle(suffixes), islice(_places(music, folder, seconds), count))):
        path = folder / f"{number:03}.{suffix}"
        encode(excerpt, seconds, path, FORMS[suffix])
        made.append(path)
    return made


def copies(excerpts: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Copies under ever new names without end, appearing whole; each is a file of its own to the daemon."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, excerpt in enumerate(cycle(excerpts)):
        path = folder / f"{number:05}-{excerpt.name}"
        hidden = path.with_name(f".{path.name}")
        shutil.copyfile(excerpt, hidden)
        hidden.rename(path)
        yield path


def make_noises(folder: Path, count: int, seed: int, *, prefix: str = "") -> None:
    """`count` files of a second of noise in `folder`, no two alike, small enough to be analyzed by the thousand."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(seed)
    for number in range(count):
        soundfile.write(folder / f"{prefix}{number:04}.wav", noise.uniform(-0.5, 0.5, _NOISE_HZ), _NOISE_HZ)


def _places(music: Path | None, folder: Path, seconds: float) -> Iterator[Excerpt]:
    """Places in the sources, round after round; what is too short is left out."""
    sources = _sources(music, folder)
    begin = 0.0
    while True:
        for path, length in sources:
            if begin + seconds <= length:
                yield Excerpt(path, begin)
            elif begin == 0.0:
                yield Excerpt(path, 0.0)
        begin = (
            begin + _STEP_SECONDS if any(begin + _STEP_SECONDS + seconds <= length for _, length in sources) else 0.0
        )


def _sources(music: Path | None, folder: Path) -> list[tuple[str, float]]:
    if music is not None:
        return [(source.path, source.seconds) for source in find_music(music, total_seconds=1800)]
    from tests import signals

    folder = folder.with_name(f"{folder.name} sources")  # which may be a music folder
    folder.mkdir(exist_ok=True)
    songs = [signals.song(MADE_SECONDS, seed=seed, bpm=90 + 20 * seed) for seed in range(2)]
    made = [signals.write(folder / f"{number}.wav", song) for number, song in enumerate(songs)]
    return [(str(path), MADE_SECONDS) for path in made]


def encode(excerpt: Excerpt, seconds: float, path: Path, codec: Sequence[str]) -> None:
    asked = ("-ss", str(excerpt.begin_seconds), "-t", str(seconds), "-i", f"file:{excerpt.source}")
    command = [ffmpeg_path(), "-nostdin", "-y", "-loglevel", "fatal", *asked, *_WHOLE, "-c:a", *codec]
    subprocess.run([*command, f"file:{path}"], check=True)
