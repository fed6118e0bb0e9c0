"""An upgrade computes only what its version answers otherwise, and derives moods without reading music."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.config import Settings
from playlista.daemon.mood_filler import MoodFiller
from playlista.daemon.startup import enqueue_outdated
from playlista.features.analyzer import VERSIONS
from playlista.library.due_moods import DueMoods
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import TrackPages
from playlista.tracks import Analysis, TrackFile
from tests import signals
from tests.daemon.test_reuse import Counting
from tests.daemon.workers import worker_of
from tests.libraries import Parts, analysis_of, open_parts, track_file
from tests.moods import loud, rhythm_of, spectrum_of, tagging_of

#: Tracks of the large library.
TRACKS = 1000


def forget_moods(parts: Parts) -> None:
    with parts.database.transaction() as connection:
        connection.execute("UPDATE tracks SET energy = NULL, voice = NULL, moods = '[]', mood_version = 0")


def older_rhythm(analysis: Analysis) -> Analysis:
    return replace(analysis, versions=analysis.versions | {"rhythm": VERSIONS["rhythm"] - 1})


@pytest.fixture
def analyzer() -> Counting:
    return Counting(Settings(musicnn_runtime="off"))


def test_of_a_thousand_results_only_rhythm_is_due_and_all_moods_come_without_a_file(
    tmp_path: Path, analyzer: Counting
) -> None:
    old = older_rhythm(
        replace(
            analysis_of("x.mp3"),
            rhythm=rhythm_of(3.0), loudness=loud(-14.0), spectral=spectrum_of(0.01), tagging=tagging_of(happy=0.01),
            versions=dict(analyzer.versions), settings=analyzer.settings,
        )
    )  # fmt: skip
    with open_parts(tmp_path, synced=False) as parts, parts.database.transaction():
        parts.queue.enqueue((track_file(f"{number}.mp3") for number in range(TRACKS)), "scan")
        while (job := parts.queue.claim()) is not None:
            parts.queue.finish(job, replace(old, path=job.file.path))
        forget_moods(parts)
        enqueue_outdated(parts.store, parts.queue, analyzer, stopped=lambda: False)
        with parts.database.read() as connection:
            due = Counter(row[0] for row in connection.execute("SELECT feature_groups FROM jobs"))
        assert due == {json.dumps(["rhythm"]): TRACKS}
        filler = MoodFiller(DueMoods(parts.database, parts.store), stop=lambda: False)
        while filler.fill(1):
            pass
        assert DueMoods(parts.database, parts.store).count() == 0
        assert TrackPages(parts.database).page(TrackFilter(energy=(old.mood.energy, old.mood.energy))).total == TRACKS


def test_a_new_rhythm_changes_rhythm_and_what_follows_from_it_alone(tmp_path: Path, analyzer: Counting) -> None:
    path = signals.write(tmp_path / "a.flac", signals.song(6))
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([TrackFile.from_stat("a.flac", path.stat())], "scan")
        worker_of(parts, tmp_path, analyzer).run(until_empty=True)
        first = parts.store.get("a.flac")
        stale = older_rhythm(replace(first, rhythm=replace(first.rhythm, bpm=1.0, onset_rate_hz=90.0)))
        parts.store.record(parts.library.get("a.flac").file_id, stale, attempts=1)
        assert stale.mood.energy > first.mood.energy
        enqueue_outdated(parts.store, parts.queue, analyzer, stopped=lambda: False)
        analyzer.computed.clear()
        worker_of(parts, tmp_path, analyzer).run(until_empty=True)
        second = parts.store.get("a.flac")
        (listed,) = TrackPages(parts.database).page(TrackFilter()).tracks
    assert analyzer.computed == [("a.flac", ["rhythm"])]
    assert (second.rhythm, second.tonal, second.loudness, second.spectral) == (
        first.rhythm,
        first.tonal,
        first.loudness,
        first.spectral,
    )
    assert listed.energy == second.mood.energy == first.mood.energy
