"""The lines of the conformance table: every value of the result object against its truth.

Input: a folder with music, perhaps with a TRUTH.tsv, the prepared model and the published graph. Output:
lines by section, and the tempi of known recordings with those of essentia's methods. The comparisons themselves are
those of tests/conformance; what needs recordings that are not there is left out, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.children import ChildFailed
from benchmarks.published import published_graphs
from benchmarks.quality_tracks import truth_folder
from tests.conformance import (
    ebu_loudness,
    known_tempi,
    loudness_rows,
    rhythm_rows,
    spectral_rows,
    tags_rows,
    tonal_rows,
)
from tests.conformance.recordings import Recording, recording, recordings
from tests.conformance.rows import Row

#: Beyond so many recordings, ffmpeg takes minutes.
MOST_FOR_FFMPEG = 120
TAGGED_TRACKS = 6
TAGGED_SECONDS, LEAST_TAGGED_SECONDS = 30, 7

Section = Iterable[Row]


def measure(music: Path, tracks: Sequence[Path], models: Path, work: Path, wheel: Path | None) -> dict[str, Any]:
    """Everything that the tables of conformance need, as plain types."""
    known = truth_folder(music)
    recorded = recordings(known) if known else []
    heard = [known_tempi.hear(known_tempi.known(each)) for each in recorded if "bpm" in each.truth]
    sections: dict[str, Callable[[], Section]] = {
        "Loudness": lambda: _loudness(music, known),
        "Rhythm": lambda: [*(known_tempi.tempo_rows(heard) if heard else ()), *rhythm_rows.rows()],
        "Key": lambda: _key(recorded),
        "Spectrum and mel bands": spectral_rows.rows,
        "Tags and embedding": lambda: _tags(tracks, models, work, wheel),
    }
    found = {}
    for name, rows in sections.items():
        print(f"benchmarks: {name}", flush=True)
        found[name] = [asdict(row) | {"passed": bool(row.passed)} for row in rows()]
    return {"sections": found, "tempi": [_plain(each) for each in heard], "truth": known is not None}


def _loudness(music: Path, known: Path | None) -> Iterator[Row]:
    yield from ebu_loudness.table()
    if known:
        yield from loudness_rows.published_rows(known)
    yield from loudness_rows.ffmpeg_rows(music, MOST_FOR_FFMPEG)


def _key(recorded: Sequence[Recording]) -> Iterator[Row]:
    if recorded:
        yield from tonal_rows.recording_rows(recorded)
    yield from tonal_rows.rows()


def _tags(tracks: Sequence[Path], models: Path, work: Path, wheel: Path | None) -> Iterator[Row]:
    import soxr

    from playlista.musicnn.files import ModelFiles

    files = ModelFiles.find(models)
    assert files is not None, f"no model in {models}"
    try:
        graph = published_graphs(work / "model", wheel).tensorflow
    except ChildFailed as error:
        print(f"benchmarks: no published graph, so tags are not compared: {error}")
        return
    music = {}
    for path in tracks[:TAGGED_TRACKS]:
        full = recording(path.parent, path.name, {}).full
        samples = soxr.resample(full, 44100, tags_rows.RATE_HZ)[: TAGGED_SECONDS * tags_rows.RATE_HZ]
        if len(samples) >= LEAST_TAGGED_SECONDS * tags_rows.RATE_HZ:
            music[path.name] = samples
    if music:
        yield from tags_rows.rows(music, files, graph)


def _plain(heard: known_tempi.Heard) -> dict[str, Any]:
    return {
        "name": Path(heard.name).name,
        "bpm": heard.bpm,
        "ours": heard.ours.bpm,
        "confidence": heard.ours.bpm_confidence,
        **heard.peers,
    }
