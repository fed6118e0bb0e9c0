"""Whose fault a failure is: what storage or installation did counts no attempt, and ends by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from playlista.analysis.audio_analyzer import EVERYTHING, AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.daemon.postponements import LONGEST_PAUSE_SECONDS, LONGEST_SECONDS, Postponements
from playlista.errors import Blame, DecodeError, FailureReason
from playlista.tracks import Analysis, Status, TrackFile
from tests import signals
from tests.daemon.test_worker import worker_of
from tests.libraries import Parts, open_parts


class Failing(AudioAnalyzer):
    """Cannot read the tracks in `ill`, through the fault of `blame`."""

    ill: frozenset[str] = frozenset()
    blame = Blame.STORAGE
    reason = FailureReason.UNREADABLE

    def analyze(self, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
        if os.path.basename(path) in self.ill:
            raise DecodeError(path, self.reason, "Input/output error", blame=self.blame)
        return super().analyze(path, shown_as=shown_as, how=how)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(3):
        signals.write(folder / f"{number}.wav", signals.song(1, seed=number))
    return folder


def enqueue(parts: Parts, music: Path) -> list[str]:
    files = [TrackFile.from_stat(path.name, path.stat()) for path in sorted(music.iterdir())]
    parts.queue.enqueue(files, "scan")
    return [file.path for file in files]


@pytest.mark.parametrize("blame", [Blame.STORAGE, Blame.INSTALLATION])
def test_what_is_not_the_tracks_fault_counts_no_attempt_however_often_it_happens(
    blame: Blame, music: Path, tmp_path: Path
) -> None:
    analyzer = Failing(Settings(musicnn_runtime="off"))
    analyzer.ill, analyzer.blame = frozenset({"1.wav"}), blame
    with open_parts(tmp_path) as parts:
        enqueue(parts, music)
        worker = worker_of(parts, music, analyzer)
        for _ in range(10):
            worker.run(until_empty=True)
            (waiting,) = parts.overview.retries()
            assert (waiting.path, waiting.reason, waiting.attempts) == ("1.wav", FailureReason.UNREADABLE, 0)
            parts.clock.now += 2 * LONGEST_SECONDS
        analyzer.ill = frozenset()
        worker.run(until_empty=True)

        assert [result.status for result in parts.results()] == [Status.ANALYZED] * 3


def killed_ffmpeg(*paths: str) -> Failing:
    """An analyzer whose ffmpeg is killed while it reads these tracks."""
    analyzer = Failing(Settings(musicnn_runtime="off"))
    analyzer.ill, analyzer.blame, analyzer.reason = frozenset(paths), Blame.INSTALLATION, FailureReason.OVER_BUDGET
    return analyzer


def test_a_track_whose_ffmpeg_is_killed_each_time_has_failed_for_want_of_memory_in_the_end(
    music: Path, tmp_path: Path
) -> None:
    with open_parts(tmp_path) as parts:
        enqueue(parts, music)
        worker = worker_of(parts, music, killed_ffmpeg("1.wav"))
        for _ in range(parts.queue.max_attempts - 1):
            worker.run(until_empty=True)
            (waiting,) = parts.overview.retries()
            assert (waiting.path, waiting.reason, waiting.attempts) == ("1.wav", FailureReason.OVER_BUDGET, 0)
            parts.clock.now += 2 * LONGEST_SECONDS
        worker.run(until_empty=True)

        assert not parts.overview.retries()
        ended = {result.path: (result.status, result.reason) for result in parts.results()}
        assert ended.pop("1.wav") == (Status.FAILED, FailureReason.OVER_BUDGET)
        assert set(ended.values()) == {(Status.ANALYZED, None)}


def test_an_ffmpeg_that_was_killed_now_and_then_is_not_held_against_the_track(music: Path, tmp_path: Path) -> None:
    analyzer = killed_ffmpeg("1.wav")
    with open_parts(tmp_path) as parts:
        enqueue(parts, music)
        worker = worker_of(parts, music, analyzer)
        for _ in range(parts.queue.max_attempts - 1):
            worker.run(until_empty=True)
            parts.clock.now += 2 * LONGEST_SECONDS
        analyzer.ill = frozenset()
        worker.run(until_empty=True)

        assert {result.status for result in parts.results()} == {Status.ANALYZED}


def test_when_the_storage_is_back_all_that_waited_for_it_is_due_at_once(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playlista.daemon.postponements.LONGEST_PAUSE_SECONDS", 0.01)
    analyzer = Failing(Settings(musicnn_runtime="off"))
    with open_parts(tmp_path) as parts:
        analyzer.ill = frozenset(enqueue(parts, music))
        worker = worker_of(parts, music, analyzer)
        worker.run(until_empty=True)
        assert worker.trouble == "Input/output error"
        analyzer.ill = frozenset()
        signals.write(music / "new.wav", signals.song(1, seed=9))
        parts.queue.enqueue([TrackFile.from_stat("new.wav", (music / "new.wav").stat())], "event")
        worker.run(until_empty=True)  # the clock stands still: no wait of any track has passed

        assert worker.trouble is None
        assert [result.status for result in parts.results()] == [Status.ANALYZED] * 4


def test_one_track_on_a_bad_sector_does_not_hold_up_the_others() -> None:
    waits = Postponements()
    waited = [waits.postpone(1, "Input/output error") for _ in range(12)]

    assert waits.pause_seconds == 0.0
    assert waits.trouble is None
    assert waited[:3] == [5.0, 10.0, 20.0]
    assert waited[-1] == LONGEST_SECONDS


def test_a_storage_that_is_away_is_asked_more_and_more_rarely_until_it_answers() -> None:
    waits = Postponements()
    pauses = []
    for file_id in range(8):
        waits.postpone(file_id, "Transport endpoint is not connected")
        pauses.append(waits.pause_seconds)

    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]
    assert waits.works(99)
    assert waits.pause_seconds == 0.0
    assert waits.postpone(0, "again") == 5.0
