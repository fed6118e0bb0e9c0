"""One daemon per data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from playlista.errors import StoreError
from playlista.library.instance_lock import instance_lock, running_pid
from tests.libraries import child_environment

HOLDER = """
import sys
from playlista.library.instance_lock import instance_lock
with instance_lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, os.fspath(folder)],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_daemon_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        with (
            pytest.raises(StoreError, match=f"already running as pid {holder.pid}"),
            instance_lock(os.fspath(tmp_path)),
        ):
            pass
        assert running_pid(os.fspath(tmp_path)) == holder.pid
        holder.communicate()


def test_a_killed_daemon_leaves_the_folder_free(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        holder.kill()
    with instance_lock(os.fspath(tmp_path)):
        assert running_pid(os.fspath(tmp_path)) == os.getpid()
    assert running_pid(os.fspath(tmp_path)) is None


def test_the_data_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    with instance_lock(os.fspath(folder)):
        assert folder.is_dir()


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="DATA_DIR"), instance_lock(os.fspath(tmp_path / "file" / "data")):
        pass
