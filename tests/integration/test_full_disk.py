"""A data disk that is full when the daemon starts: one line that says so, and nothing to repair afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import signals
from tests.exhaustive import but_few
from tests.integration.daemon import Daemon
from tests.places import fill, small_disk


@pytest.mark.parametrize("used_before", but_few([False, True], False), ids=["a new library", "a library with results"])
def test_a_start_on_a_full_disk_is_refused_in_one_line_and_the_next_one_goes_on(
    used_before: bool, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    daemon = Daemon(tmp_path, clean_environment, MUSICNN_RUNTIME="off", WATCH_SETTLE_SECONDS="0")
    signals.write(daemon.music / "first.wav", signals.song(2))
    with small_disk(daemon.data, size_kb=2048):
        if used_before:
            assert daemon.run("run", "--once").returncode == 0
        fill(daemon.data / "ballast")

        refused = daemon.run("run", "--once")

        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
        assert "the disk is full" in refused.stderr
        (daemon.data / "ballast").unlink()
        signals.write(daemon.music / "second.wav", signals.song(2, seed=1))
        done = daemon.run("run", "--once")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count('"track.analyzed"') == (1 if used_before else 2)
