"""A whole analysis with the compiled kernels and without: one result, and nothing that anyone would compute anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.mood_model import MoodModel
from playlista.analysis.tagger import Tagger
from playlista.cluster.kinship import kinship_of
from playlista.config import Settings
from playlista.memory.cgroup import Cgroup
from playlista.native.kernels import Kernels
from playlista.native.library import Choice
from tests import signals

SETTINGS = Settings(musicnn_runtime="off")
#: What is measured of the run, not of the track.
OF_THE_RUN = {"timings", "memory"}


@pytest.fixture
def analyzers(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> list[AudioAnalyzer]:
    """With kernels and without, as the setting says."""
    choices = {"auto": Choice(kernels, ""), "off": Choice(None, "")}
    for module in ("audio_analyzer", "loader"):
        monkeypatch.setattr(f"playlista.analysis.{module}.choose_kernels", choices.__getitem__)
    return [AudioAnalyzer(replace(SETTINGS, native_kernels=wanted), cgroup=Cgroup()) for wanted in ("auto", "off")]


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values of a JSON object, all the way down."""
    if isinstance(value, dict):
        for key in value.keys() - OF_THE_RUN:
            yield from leaves(value[key], f"{name}.{key}")
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            yield from leaves(entry, f"{name}[{number}]")
    else:
        yield name, value


def test_a_track_has_one_result_to_a_millionth(analyzers: list[AudioAnalyzer], tmp_path: Path) -> None:
    path = str(signals.write(tmp_path / "song.flac", signals.song(20, bpm=97), subtype="PCM_24"))
    native, numpy = (dict(leaves(analyzer.analyze(path).to_json())) for analyzer in analyzers)
    assert native.keys() == numpy.keys()
    for name, value in numpy.items():
        is_real = isinstance(value, float)
        # Contrast and cepstra are in dB of almost nothing here, as for another processor's kernels (ADR 13).
        assert native[name] == (pytest.approx(value, rel=1e-5, abs=1e-5) if is_real else value), name
    assert native[".health.integrity"] == "verified"


def test_a_result_of_one_way_is_not_outdated_for_the_other(analyzers: list[AudioAnalyzer]) -> None:
    for ours, theirs in (analyzers, analyzers[::-1]):
        assert ours.outdated_groups(theirs.versions, theirs.settings) == frozenset()


def test_a_daemon_and_a_worker_may_compute_each_in_its_way(analyzers: list[AudioAnalyzer]) -> None:
    no_tags, no_moods = Tagger(None, "off", "", is_wanted=False), MoodModel(None, "", is_wanted=False)
    ours, theirs = (
        kinship_of(replace(SETTINGS, native_kernels=wanted), analyzer, no_tags, no_moods)
        for wanted, analyzer in zip(("auto", "off"), analyzers, strict=True)
    )
    assert ours.difference(theirs) is None
    assert ours.digest == theirs.digest
