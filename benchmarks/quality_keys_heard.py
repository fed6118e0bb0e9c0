"""What the table "keys" is made of: recordings with their true key, ours and KeyExtractor's.

Input: a folder with a TRUTH.tsv of keys, and the folder of recordings with known tempi, whose drums have no key.
Output: rows as plain types. Noise and applause are made here; speech is spoken by espeak-ng where it is installed.
"""

from __future__ import annotations

import csv
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from benchmarks.quality_keys import Row
from tests.conformance.recordings import recording, recordings
from tests.conformance.tonal_rows import KEYS, essentia_key, named, tonal
from tests.features.tones import applause, coloured_noise

ANALYSIS_RATE_HZ, FULL_RATE_HZ = 22_050, 44_100
#: Sets of the folder of tempi, as people know them.
SETS = {"nott": "folk tunes", "openmsx": "game music", "gmd": "drums alone"}
VOICES = ("en-us", "en-gb", "de", "fr", "it", "es", "ru", "en-us+f3", "en-us+m7", "en-us+whisper")
SPOKEN = (
    "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore. Our library has four thousand "
    "songs, and nobody has listened to all of them. Perhaps it will rain tomorrow."
)
NOISE_SECONDS = (1.0, 5.0, 20.0)
APPLAUSE_CLAPS_HZ = (5, 50, 500, 3_000)


def measure(audio: Path, tempo: Path, scratch: Path) -> list[Row]:
    """A row for every recording whose key is known, or known not to be."""
    sounds = itertools.chain(_known(audio), _clips(tempo), _speech(scratch), _noises())
    return [_row(*each) for each in sounds]


def _row(kind: str, name: str, truth: str | None, samples: NDArray[np.float32]) -> Row:
    optimized = soxr.resample(samples, FULL_RATE_HZ, ANALYSIS_RATE_HZ).astype(np.float16)
    found, theirs = tonal(optimized, ANALYSIS_RATE_HZ), " ".join(essentia_key(samples))
    ours = f"{found.key} {found.scale}" if found.key else None
    return {"kind": kind, "name": name, "truth": truth, "ours": ours, "strength": found.strength, "theirs": theirs}


def _known(audio: Path) -> Iterator[tuple[str, str, str | None, NDArray[np.float32]]]:
    tracks = recordings(audio) if (audio / "TRUTH.tsv").is_file() else []
    for part, truth in KEYS.items() if tracks else ():
        track = named(tracks, part)
        yield "recordings", Path(track.name).name, " ".join(truth), track.full


def _clips(folder: Path) -> Iterator[tuple[str, str, str | None, NDArray[np.float32]]]:
    if not (folder / "TRUTH.tsv").is_file():
        return
    with (folder / "TRUTH.tsv").open(encoding="utf-8") as table_file:
        for row in csv.DictReader(table_file, delimiter="\t"):
            yield SETS[row["set"]], row["file"], row["key"] or None, recording(folder, row["file"], {}).full


def _speech(scratch: Path) -> Iterator[tuple[str, str, None, NDArray[np.float32]]]:
    if not shutil.which("espeak-ng"):
        return
    scratch.mkdir(parents=True, exist_ok=True)
    for voice in VOICES:
        path = scratch / f"speech {voice}.wav"
        subprocess.run(("espeak-ng", "-v", voice, "-w", str(path), SPOKEN), check=True, timeout=60)
        yield "speech", path.name, None, recording(scratch, path.name, {}).full


def _noises() -> Iterator[tuple[str, str, None, NDArray[np.float32]]]:
    for slope, colour in enumerate(("white", "pink", "brown")):
        for seconds in NOISE_SECONDS:
            yield "noise and applause", f"{colour} {seconds:g} s", None, _full(coloured_noise(seconds, slope))
    for claps_hz in APPLAUSE_CLAPS_HZ:
        yield "noise and applause", f"{claps_hz} claps a second", None, _full(applause(15.0, claps_hz))


def _full(samples: NDArray[np.floating]) -> NDArray[np.float32]:
    resampled: NDArray[np.float32] = soxr.resample(samples.astype(np.float32), ANALYSIS_RATE_HZ, FULL_RATE_HZ)
    return resampled
