"""The folder and the library of the tests of watching."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.libraries import Clock, Parts, open_parts
from tests.watch.synced import Synced


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "data").mkdir()
    with open_parts(tmp_path / "data", Clock(time.time())) as opened:
        yield opened


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[Synced]:
    (tmp_path / "music").mkdir()
    (tmp_path / "data").mkdir()
    with open_parts(tmp_path / "data", synced=False) as parts:
        yield Synced(tmp_path / "music", parts)
