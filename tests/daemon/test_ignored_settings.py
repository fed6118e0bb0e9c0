"""Settings of a cluster that have no effect are named at the start, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from playlista.config import Settings
from playlista.daemon.cluster_work import ignored_settings
from tests.integration.daemon import Daemon

SCHEDULER = "tls://scheduler.example.org:8786"


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(workers=4),
        Settings(workers=4, cluster_local_too=True),
        Settings(dask_scheduler=SCHEDULER),
        Settings(dask_scheduler=SCHEDULER, cluster_local_too=True),
    ],
)
def test_settings_that_go_together_are_not_spoken_of(settings: Settings) -> None:
    assert ignored_settings(settings) == {}


def test_workers_beside_a_scheduler_are_named_with_the_scheduler() -> None:
    (key, why), *others = ignored_settings(Settings(workers=4, dask_scheduler=SCHEDULER)).items()
    assert (key, SCHEDULER in why, "DASK_SCHEDULER" in why, others) == ("WORKERS", True, True, [])


def test_local_too_without_a_cluster_is_one_line_of_the_start(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    ended = Daemon(tmp_path, clean_environment, MUSICNN_RUNTIME="off").run("run", "--once", "--local-too")
    assert ended.returncode == 0, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if "setting.ignored" in line]
    assert len(lines) == 1
    assert "CLUSTER_LOCAL_TOO" in lines[0]
