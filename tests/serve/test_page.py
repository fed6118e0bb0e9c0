"""The page for people reads what the API says, by the names that the API has."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from playlista.config import Settings
from playlista.daemon.status import read_progress
from playlista.library.instance_lock import instance_lock
from tests.libraries import open_parts

SCRIPT = (files("playlista.serve.page") / "page.js").read_text()
SHOW_STATUS = SCRIPT[SCRIPT.index("function showStatus") : SCRIPT.index("function showFailures")]


@pytest.mark.parametrize("part", ["tracks", "queue", "rate", "memory"])
def test_every_figure_of_the_page_is_in_the_status(tmp_path: Path, part: str) -> None:
    with open_parts(tmp_path) as parts, instance_lock(str(tmp_path)):
        report = read_progress(parts.database, Settings(data_dir=tmp_path), now=parts.clock.now)
    shown = set(re.findall(rf"\b{part}\.(\w+)", SHOW_STATUS))
    assert shown
    assert shown <= set(report[part])


def test_what_is_left_is_every_state_of_the_queue(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        states = set(parts.overview.job_counts())
    assert set(re.findall(r"\bqueue\.(\w+)", SHOW_STATUS)) == states
