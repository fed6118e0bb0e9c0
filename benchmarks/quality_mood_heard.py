"""What the table "mood" is made of: known recordings, analyzed as the daemon does, and the cost of deriving moods.

Input: a folder with those of ``quality_mood.RECORDINGS``, and prepared models. Output: plain types.
"""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.quality_mood import RECORDINGS
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.tagger import load_tagger
from playlista.config import Settings
from playlista.memory.cgroup import Cgroup
from playlista.tracks import Analysis

_REPEATS = 1000


def measure(music: Path, models: Path) -> dict[str, Any]:
    """A row for every recording that is there, and the CPU time of one derivation."""
    settings = Settings(models_dir=models)
    analyzer = AudioAnalyzer(settings, tagger=load_tagger(settings, Cgroup()).accumulator)
    analyses = {name: analyzer.analyze(str(music / name)) for name in RECORDINGS if (music / name).is_file()}
    rows = [{"path": name, **analysis.to_json()["mood"]} for name, analysis in analyses.items()]
    return {"rows": rows, "microseconds": _microseconds(list(analyses.values()))}


def _microseconds(analyses: list[Analysis]) -> float:
    if not analyses:
        return 0.0
    started = process_time()
    for number in range(_REPEATS):
        _ = analyses[number % len(analyses)].mood
    return 1e6 * (process_time() - started) / _REPEATS
