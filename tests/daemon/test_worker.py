"""The worker, on a real library and real files, where something goes wrong that nobody thought of."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.analysis.audio_analyzer import EVERYTHING, AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.errors import FailureReason
from playlista.library.jobs import Job
from playlista.tracks import Analysis, Rhythm, Status, TrackFile
from tests import signals
from tests.daemon.workers import worker_of
from tests.libraries import MAX_ATTEMPTS, Parts, analysis_of, open_parts


class Overflowing(AudioAnalyzer):
    """Gives a number for one of the tracks that no JSON can hold, as an overflow somewhere in a feature would."""

    def analyze(self, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
        analysis = super().analyze(path, shown_as=shown_as, how=how)
        if os.path.basename(path) != "bad.wav":
            return analysis
        return replace(analysis, rhythm=Rhythm(math.inf, 0.5, 10, 1.0, 1.0))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Three tracks, the one in the middle with a number to overflow."""
    folder = tmp_path / "music"
    folder.mkdir()
    for number, name in enumerate(("a.wav", "bad.wav", "c.wav")):
        signals.write(folder / name, signals.song(2, seed=number))
    return folder


class Replacing(AudioAnalyzer):
    """Is overtaken by somebody who puts another file in the place of the first one that it reads."""

    replacement: bytes | None = None

    def analyze(self, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
        analysis = super().analyze(path, shown_as=shown_as, how=how)
        if self.replacement is not None:
            Path(path).with_suffix(".part").write_bytes(self.replacement)
            Path(path).with_suffix(".part").rename(path)
            self.replacement = None
        return analysis


def test_a_result_that_cannot_be_stored_fails_its_track_and_the_others_go_on(music: Path, tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        files = [TrackFile.from_stat(path.name, path.stat()) for path in sorted(music.iterdir())]
        parts.queue.enqueue(files, "scan")
        worker = worker_of(parts, music, Overflowing(Settings(musicnn_runtime="off")))
        for _ in range(MAX_ATTEMPTS):
            worker.run(until_empty=True)
            parts.clock.now += 3600  # past the back-off

        results = {result.path: result for result in parts.results()}

    assert [results[name].status for name in ("a.wav", "c.wav")] == [Status.ANALYZED, Status.ANALYZED]
    bad = results["bad.wav"]
    assert (bad.status, bad.reason) == (Status.QUARANTINED, FailureReason.INTERNAL)
    assert "JSON" in str(bad.detail)


def test_what_was_read_of_a_file_that_was_replaced_meanwhile_counts_for_nothing(music: Path, tmp_path: Path) -> None:
    analyzer = Replacing(Settings(musicnn_runtime="off"))
    analyzer.replacement = signals.write(tmp_path / "longer.wav", signals.song(5)).read_bytes()
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([TrackFile.from_stat("a.wav", (music / "a.wav").stat())], "scan")
        worker = worker_of(parts, music, analyzer)
        worker.run(until_empty=True)
        assert parts.store.get("a.wav") is None
        (retry,) = parts.overview.retries()
        assert (retry.reason, retry.attempts) == (FailureReason.VANISHED, 0)
        parts.clock.now += 3600  # past the back-off; a daemon that sees the change goes on at once
        worker.run(until_empty=True)

        result = parts.store.get("a.wav")

    assert result is not None
    assert result.audio is not None
    assert result.audio.duration_seconds == 5.0


class Swift:
    """A cluster that takes its only track while the worker looks whether anything is left, and gives it back once."""

    unsuccessful = 0

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._job: Job | None = None
        self._steps = iter((self._claim, self._release, self._claim, self._finish))
        self._claims = 0

    @property
    def claims_if_idle(self) -> int | None:
        idle = None if self._job else self._claims
        next(self._steps, lambda: None)()  # what happens right after the look
        return idle

    def _claim(self) -> None:
        self._job, self._claims = self._parts.queue.claim("one"), self._claims + 1

    def _release(self) -> None:
        assert self._job is not None
        self._parts.queue.release(self._job)
        self._job = None

    def _finish(self) -> None:
        assert self._job is not None
        assert self._parts.queue.finish(self._job, analysis_of(self._job.file.path))
        self._job = None


def test_nothing_is_left_only_where_no_track_went_to_the_cluster_or_came_back_between_two_looks(
    music: Path, tmp_path: Path
) -> None:
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([TrackFile.from_stat("a.wav", (music / "a.wav").stat())], "scan")
        worker = worker_of(parts, music, AudioAnalyzer(Settings(musicnn_runtime="off")), Swift(parts))
        assert worker.run(until_empty=True) == 0
        found = parts.store.get("a.wav")
        assert found is not None
        assert found.status is Status.ANALYZED
