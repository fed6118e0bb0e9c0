"""Folders for temporary files do not stay for ever, and nobody removes one that is in use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from playlista.system.temporary_folder import TemporaryFolder
from tests.integration.daemon import ROOT

PREFIX = "some-kind-"
HOLDS_ONE = f"""
from playlista.system.temporary_folder import TemporaryFolder
folder = TemporaryFolder("{PREFIX}")
print(folder.path, flush=True)
input()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path))
    return tmp_path


def test_it_is_this_users_alone_and_gone_when_it_is_closed(place: Path) -> None:
    folder = TemporaryFolder(PREFIX)
    (folder.path / "some").write_text("text")
    assert (folder.path.parent, folder.path.stat().st_mode & 0o777) == (place, 0o700)
    folder.close()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_a_living_one_has_is_not(place: Path) -> None:
    environment = {**os.environ, "TMPDIR": os.fspath(place), "PYTHONPATH": os.fspath(ROOT / "daemon")}
    command = [sys.executable, "-c", HOLDS_ONE]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        TemporaryFolder(PREFIX).close()
        assert theirs.is_dir()
        other.send_signal(signal.SIGKILL)
    assert theirs.is_dir()
    TemporaryFolder(PREFIX).close()
    assert list(place.iterdir()) == []


def test_folders_of_others_stay(place: Path) -> None:
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lock").touch()
    without_lock = place / f"{PREFIX}without"
    without_lock.mkdir()
    link = place / f"{PREFIX}link"
    link.symlink_to(elsewhere)
    TemporaryFolder(PREFIX).close()
    assert sorted(place.iterdir()) == sorted([elsewhere, without_lock, link])
    assert (elsewhere / "lock").exists()
