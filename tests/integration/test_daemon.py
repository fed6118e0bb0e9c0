"""The daemon as people run it: a real process, real files, real events, real signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import signals
from tests.deadlines import allowed
from tests.integration.daemon import Daemon

#: The length of a song whose analysis, some seconds on an idle machine, is met in its middle.
LONG_SECONDS = 250.0


def write_long(path: Path, *, seed: int = 0) -> None:
    """A song of `LONG_SECONDS`, of the same ten seconds."""
    signals.write(path, np.tile(signals.song(10, seed=seed), (round(LONG_SECONDS / 10), 1)))


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Daemon]:
    made = Daemon(tmp_path, clean_environment, MUSICNN_RUNTIME="off")
    yield made
    made.close()


def test_the_folder_is_analyzed_and_status_agrees_with_metrics(daemon: Daemon) -> None:
    daemon.environment["MUSICNN_RUNTIME"] = "auto"
    signals.write(daemon.music / "a.flac", signals.song(8))
    (daemon.music / "b").mkdir()
    signals.write(daemon.music / "b" / "b.ogg", signals.song(8, seed=1))
    (daemon.music / "text.mp3").write_text("this is no music, whatever its name says\n" * 50)
    (daemon.music / "readme.txt").write_text("ignored")
    daemon.start()
    daemon.wait_for(lambda: daemon.metric('playlista_tracks_completed_total{result="failed"}') == 1, "the failure")
    daemon.wait_for(lambda: daemon.metric('playlista_tracks_completed_total{result="analyzed"}') == 2, "the tracks")
    status = json.loads(daemon.run("status", "--json").stdout)
    assert (status["tracks"]["analyzed"], status["tracks"]["failed"], status["tracks"]["total"]) == (2, 1, 3)
    assert status["daemon"]["pid"] == daemon.process.pid
    assert daemon.metric("playlista_tracks_discovered_total") == 3
    assert daemon.metric('playlista_queue_depth{state="queued"}') == 0
    assert daemon.metric("playlista_last_success_timestamp_seconds") > 0
    assert [json.loads(line)["reason"] for line in daemon.run("failures", "--json").stdout.splitlines()] == [
        "not_audio"
    ]


def test_a_file_copied_in_is_analyzed_moved_is_kept_rewritten_is_done_again_deleted_goes(daemon: Daemon) -> None:
    daemon.start()
    signals.write(daemon.music / "new.flac", signals.song(6))
    daemon.wait_for(lambda: daemon.result("new.flac"), "the new file")

    (daemon.music / "sub").mkdir()
    (daemon.music / "new.flac").rename(daemon.music / "sub" / "moved.flac")
    daemon.wait_for(lambda: daemon.result("sub/moved.flac"), "the result at the new path")
    daemon.wait_for(lambda: daemon.result("new.flac") is None, "the old path to be forgotten")
    assert len(daemon.events("track.analyzed")) == 1, "a move must not cost a second analysis"

    signals.write(daemon.music / "sub" / "moved.flac", signals.song(9, seed=2))
    daemon.wait_for(lambda: len(daemon.events("track.analyzed")) == 2, "the second analysis")
    daemon.wait_for(
        lambda: (daemon.result("sub/moved.flac") or {"audio": {}})["audio"].get("duration_seconds") == 9.0,
        "the new length",
    )

    (daemon.music / "sub" / "moved.flac").unlink()
    daemon.wait_for(lambda: daemon.result("sub/moved.flac") is None, "the deletion")


def test_a_retagged_file_keeps_its_result_without_a_second_analysis(daemon: Daemon) -> None:
    import mutagen

    path = signals.write(daemon.music / "song.flac", signals.song(6))
    daemon.start()
    daemon.wait_for(lambda: daemon.result("song.flac"), "the result")
    tags = mutagen.File(path)
    tags["TITLE"] = "another title"
    tags.save()
    daemon.wait_for(lambda: daemon.events("track.kept"), "the file to be recognized")
    assert len(daemon.events("track.analyzed")) == 1


def test_sigterm_in_the_middle_of_a_track_ends_soon_and_the_track_is_done_once_after_the_restart(
    daemon: Daemon,
) -> None:
    before, code, seconds = _ended_in_the_middle(daemon, signal.SIGTERM)
    assert code == 0
    assert seconds < allowed(2)
    assert daemon.events("track.released") or daemon.events("daemon.ended")  # where a chunk takes seconds, the latter
    daemon.start()
    daemon.wait_for(lambda: daemon.result("long.flac"), "the track")
    (line,) = daemon.told("track.analyzed", before + 1)[before:]
    assert line["audio_seconds"] == LONG_SECONDS


def test_a_killed_daemon_names_the_track_that_it_was_at(daemon: Daemon) -> None:
    daemon.environment["RETRY_BACKOFF_SECONDS"] = "0"
    before, code, _ = _ended_in_the_middle(daemon, signal.SIGKILL)
    assert code == -signal.SIGKILL
    daemon.start()
    (released,) = daemon.told("track.released")  # nothing shows that the track did it: tests/integration/test_deaths.py
    assert (released["path"], released["why"]) == ("long.flac", "killed from outside")
    daemon.told("track.analyzed", before + 1)


def _ended_in_the_middle(daemon: Daemon, number: int) -> tuple[int, int, float]:
    """Send the signal while a track is analyzed: how many were before, the exit code, and the seconds until the end.

    On a busy machine the track may end between our look and our signal; then another one is put in its place.
    """
    for before in range(10):
        write_long(daemon.music / "long.flac", seed=before)
        daemon.start()
        daemon.wait_for(lambda: daemon.metric("playlista_tracks_in_flight") == 1, "the track to begin")
        code, seconds = daemon.stop(number)
        if len(daemon.events("track.analyzed")) == before:
            return before, code, seconds
    raise AssertionError("the signal came too late for ten tracks")


def test_a_second_daemon_on_the_same_data_is_refused_in_one_line(daemon: Daemon) -> None:
    daemon.start()
    second = daemon.run("run", "--once")
    assert second.returncode == 1
    (line,) = second.stderr.strip().splitlines()[-1:]
    assert f"already running as pid {daemon.process.pid}" in line


def test_once_ends_with_3_when_a_track_failed_and_with_0_when_all_is_well(daemon: Daemon) -> None:
    signals.write(daemon.music / "good.wav", signals.song(5))
    assert daemon.run("run", "--once").returncode == 0
    (daemon.music / "empty.mp3").touch()
    assert daemon.run("run", "--once").returncode == 3


def test_the_exit_codes_for_wrong_settings_and_missing_folders(daemon: Daemon) -> None:
    daemon.environment["MAX_ATTEMPTS"] = "many"
    wrong = daemon.run("run")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert "environment: MAX_ATTEMPTS='many'" in wrong.stderr
    del daemon.environment["MAX_ATTEMPTS"]
    shutil.rmtree(daemon.music)
    missing = daemon.run("run")
    assert (missing.returncode, len(missing.stderr.splitlines())) == (1, 1)
    assert "no such folder" in missing.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_reported_with_its_reason(daemon: Daemon) -> None:
    path = signals.write(daemon.music / "secret.flac", signals.song(5))
    path.chmod(0)
    daemon.start()
    daemon.wait_for(lambda: daemon.metric('playlista_track_failures_total{reason="permission_denied"}') == 1, "it")


def test_metrics_are_complete_few_and_quick_during_an_analysis(daemon: Daemon) -> None:
    write_long(daemon.music / "long.flac")
    daemon.start()
    daemon.wait_for(lambda: daemon.metric("playlista_tracks_in_flight") == 1, "the track to begin")
    page = daemon.get("/metrics")[1].decode()
    series = [line for line in page.splitlines() if line and not line.startswith("#")]
    assert len(series) < 450  # and one for each of MusiCNN's 50 tags, once tracks have some
    for reason in ("unreadable", "empty", "not_audio", "corrupt", "decode_timeout", "over_budget", "crashed"):
        assert f'playlista_track_failures_total{{reason="{reason}"}} 0.0' in series
    assert daemon.metric("playlista_resident_memory_bytes") > 50e6
    assert daemon.metric("playlista_memory_limit_bytes") > daemon.metric("playlista_track_budget_bytes") > 0


def test_a_scan_finds_what_changed_while_the_daemon_was_away(daemon: Daemon) -> None:
    signals.write(daemon.music / "one.wav", signals.song(5))
    signals.write(daemon.music / "two.wav", signals.song(5, seed=1))
    assert daemon.run("run", "--once").returncode == 0
    (daemon.music / "one.wav").rename(daemon.music / "renamed.wav")
    (daemon.music / "two.wav").unlink()
    daemon.start()
    daemon.wait_for(lambda: daemon.result("renamed.wav") and not daemon.result("two.wav"), "the scan")
    assert daemon.events("track.analyzed") == []


def test_a_folder_that_is_away_for_a_while_keeps_its_results_and_forget_ends_it(daemon: Daemon) -> None:
    for number in range(3):
        (daemon.music / f"disk{number}").mkdir()
        signals.write(daemon.music / f"disk{number}" / "a.wav", signals.song(2, seed=number))
    daemon.start()
    daemon.wait_for(lambda: daemon.metric('playlista_library_tracks{status="analyzed"}') == 3, "the results")
    before = daemon.result("disk1/a.wav")
    for name in ("disk1", "disk2"):
        (daemon.music / name).rename(daemon.data.parent / name)
    daemon.wait_for(lambda: daemon.metric("playlista_gone_tracks") == 2, "them to be gone")
    assert daemon.result("disk1/a.wav") is None
    assert len(daemon.run("list", "--json").stdout.splitlines()) == 1
    assert "2 no longer on disk" in daemon.run("status").stdout

    (daemon.data.parent / "disk1").rename(daemon.music / "disk1")
    daemon.wait_for(lambda: daemon.metric("playlista_gone_tracks") == 1, "one to be back")
    daemon.wait_for(lambda: daemon.result("disk1/a.wav") == before, "its names to be read again")
    assert daemon.run("forget", "disk2").stdout == "1 forgotten\n"
    assert daemon.run("forget", "disk2").returncode == 1
    assert daemon.run("forget").returncode == 2
    assert daemon.metric("playlista_gone_tracks") == 0
    assert len(daemon.events("track.analyzed")) == 3
