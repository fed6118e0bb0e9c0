"""The analysis whose cost is guarded: the product's analyzer at its defaults in one thread, and two tracks for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.tagger import load_tagger
from playlista.config import Settings
from playlista.memory.cgroup import Cgroup
from playlista.tracks import Analysis
from tests import signals

SONG_SECONDS = 30
SHORT_SECONDS = 1

Analyze = Callable[[], Analysis]


@dataclasses.dataclass(frozen=True, slots=True)
class Guarded:
    """Analyses of a song of `SONG_SECONDS` and of a track of `SHORT_SECONDS`."""

    song: Analyze
    short: Analyze


def guarded(folder: Path, models_dir: Path) -> Guarded:
    """Make both tracks in `folder`; it computes by what every machine has: NumPy.

    The machine is one CPU without limits, whatever it is: nothing is decoded ahead, and no cgroup is read.
    """
    machine = Cgroup(folder, affinity=lambda: 1)
    settings = dataclasses.replace(Settings(), models_dir=models_dir, musicnn_runtime="numpy", native_kernels="off")
    analyzer = AudioAnalyzer(settings, tagger=load_tagger(settings, machine).accumulator, cgroup=machine)
    song = signals.write(folder / "song.flac", signals.song(SONG_SECONDS))
    short = signals.write(folder / "short.flac", signals.song(SHORT_SECONDS))
    return Guarded(lambda: analyzer.analyze(str(song)), lambda: analyzer.analyze(str(short)))
