"""Two settings of the guide that show in a running daemon alone: forced cleanup and monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import signals
from tests.integration.daemon import Daemon

ANALYZED = 'playlista_tracks_completed_total{result="analyzed"}'


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Daemon]:
    """Without tags, which say nothing here; each test starts it with its own settings."""
    made = Daemon(tmp_path, {**clean_environment, "MUSICNN_RUNTIME": "off"})
    yield made
    made.close()


def analyze(daemon: Daemon, number: int, seconds: float) -> None:
    """One more track."""
    signals.write(daemon.music / f"{number}.flac", signals.song(seconds, seed=number))
    daemon.wait_for(lambda: daemon.metric(ANALYZED) == number, "the track")


def test_monitoring_tells_the_peak_of_each_track_and_forced_cleanup_costs_less_than_two_percent_of_its_cpu(
    daemon: Daemon,
) -> None:
    daemon.start()
    analyze(daemon, 1, seconds=20)  # the first cleanup takes the program's own objects out of sight, once
    (told,) = daemon.told("track.analyzed")
    resident, peak = (daemon.metric(f"playlista_resident_memory_{name}bytes") / 2**20 for name in ("", "peak_"))
    assert 0.5 * resident < told["track_peak_mb"] < peak + 2  # the kernel counts pages in batches

    cleanup, cpu = daemon.metric("playlista_cleanup_seconds_total"), daemon.metric("process_cpu_seconds_total")
    analyze(daemon, 2, seconds=60)
    cleanup_spent = daemon.metric("playlista_cleanup_seconds_total") - cleanup
    assert 0 < cleanup_spent < 0.02 * (daemon.metric("process_cpu_seconds_total") - cpu)


@pytest.mark.exhaustive
def test_without_forced_cleanup_nothing_is_spent_on_it_and_without_monitoring_no_peak_is_told(daemon: Daemon) -> None:
    daemon.environment |= {"MEMORY_FORCE_CLEANUP": "false", "MEMORY_MONITORING_ENABLED": "false"}
    daemon.start()
    analyze(daemon, 1, seconds=20)
    assert daemon.metric("playlista_cleanup_seconds_total") == 0
    (told,) = daemon.told("track.analyzed")
    assert "track_peak_mb" not in told
