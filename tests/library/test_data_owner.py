"""Two daemons on one data folder whose locks do not meet, as through bindfs or NFS without locks."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.errors import StoreError
from playlista.library import data_owner
from playlista.library.data_owner import ANSWER_SECONDS, LOOK_SECONDS, DataOwner, read_boot_id
from playlista.library.instance_lock import FILE_NAME, instance_lock, running_pid

LOCAL = "1 0 0:1 / / rw - ext4 /dev/sda1 rw\n"
NETWORK = "1 0 0:1 / / rw - nfs4 nas:/data rw\n"


@pytest.fixture
def lock_path(tmp_path: Path) -> str:
    path = tmp_path / FILE_NAME
    path.touch()
    return os.fspath(path)


def owner(lock_path: str, *, boot: str = "one", mounts: str = NETWORK, inode: int | None = None) -> DataOwner:
    """A daemon that reaches the folder through a mount of its own, with an `inode` of the lock file of its own."""
    made = DataOwner(lock_path, mountinfo=mounts, boot_id=boot, pause=lambda seconds: None)
    if inode is not None:
        made._own = replace(made._own, inode=inode)
    return made


def paused(other: DataOwner, pauses: list[float], wakes: Callable[[], bool] = lambda: True) -> Callable[[float], None]:
    """Time for the other daemon to look for a challenge, while one waits for its answer."""

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if wakes():
            other.keep()

    return pause


def test_an_owner_that_lives_is_found_through_another_mount(lock_path: str) -> None:
    first, second = owner(lock_path), owner(lock_path, inode=99)
    first.claim()
    second._pause = paused(first, [])
    with pytest.raises(StoreError, match=rf"already running as pid {os.getpid()} on .* another mount"):
        second.claim()
    first.keep()


def test_an_owner_on_another_machine_is_found(lock_path: str) -> None:
    first, second = owner(lock_path), owner(lock_path, boot="two")
    first.claim()
    second._pause = paused(first, [])
    with pytest.raises(StoreError, match="already running"):
        second.claim()


def test_an_owner_that_answers_late_is_found(lock_path: str) -> None:
    first, second = owner(lock_path), owner(lock_path, boot="two")
    first.claim()
    pauses: list[float] = []
    second._pause = paused(first, pauses, lambda: sum(pauses) > ANSWER_SECONDS * 0.8)
    with pytest.raises(StoreError, match="already running"):
        second.claim()


def test_a_dead_owner_that_may_be_elsewhere_is_replaced_after_a_bounded_wait(lock_path: str) -> None:
    owner(lock_path).claim()
    waits: list[float] = []
    second = DataOwner(lock_path, mountinfo=NETWORK, boot_id="two", pause=waits.append)
    second.claim()
    assert sum(waits) == pytest.approx(ANSWER_SECONDS, abs=LOOK_SECONDS)


@pytest.mark.parametrize(("boot", "mounts"), [("one", NETWORK), ("two", LOCAL)])
def test_a_dead_owner_costs_no_wait_where_the_kernel_has_decided(lock_path: str, boot: str, mounts: str) -> None:
    """The same boot and the same lock file, whose lock we hold; or a local disk after the machine started anew."""
    owner(lock_path).claim()
    waits: list[float] = []
    DataOwner(lock_path, mountinfo=mounts, boot_id=boot, pause=waits.append).claim()
    assert waits == []


def test_an_owner_that_slept_too_long_stops_when_it_wakes_up_and_takes_nothing_away(lock_path: str) -> None:
    first, second = owner(lock_path), owner(lock_path, boot="two")
    first.claim()
    second.claim()
    with pytest.raises(StoreError, match="took the data folder over"):
        first.keep()
    first.release()
    second.keep()


def test_an_owner_that_ended_well_leaves_the_folder_free_at_once(lock_path: str) -> None:
    first = owner(lock_path)
    first.claim()
    first.release()
    waits: list[float] = []
    DataOwner(lock_path, mountinfo=NETWORK, boot_id="two", pause=waits.append).claim()
    assert waits == []


def test_a_look_at_a_quiet_folder_writes_nothing(lock_path: str) -> None:
    first = owner(lock_path)
    first.claim()
    before = os.stat(lock_path).st_mtime_ns
    for _ in range(3):
        first.keep()
    assert os.stat(lock_path).st_mtime_ns == before


def test_a_dead_owner_of_a_copied_folder_costs_no_wait(tmp_path: Path, lock_path: str) -> None:
    """The copy of the lock file is another file, but the process that it names is not there any more."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    former = owner(lock_path, inode=99)
    former._own = replace(former._own, pid=dead.pid)
    former.claim()
    waits: list[float] = []
    DataOwner(lock_path, mountinfo=NETWORK, boot_id="one", pause=waits.append).claim()
    assert waits == []


@pytest.mark.parametrize("content", [b"", b"123\n", b"123\n{", b'1\n{"pid": 1}\n', b"\xff" * 100, b"1\n[]\n"])
def test_a_lock_file_of_an_older_version_or_half_written_is_no_owner(lock_path: str, content: bytes) -> None:
    Path(lock_path).write_bytes(content)
    owner(lock_path).claim()


def test_the_instance_lock_refuses_a_folder_whose_owner_answers_from_elsewhere(
    tmp_path: Path, lock_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_owner, "LOOK_SECONDS", 0.02)
    elsewhere = DataOwner(lock_path, mountinfo=NETWORK, boot_id=read_boot_id(), pause=lambda seconds: None)
    elsewhere._own = replace(elsewhere._own, inode=99)
    elsewhere.claim()
    ended = threading.Event()

    def answer() -> None:
        while not ended.wait(0.01):
            elsewhere.keep()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with pytest.raises(StoreError, match="another mount"), instance_lock(os.fspath(tmp_path)):
            pass
    finally:
        ended.set()
        thread.join()
    assert running_pid(os.fspath(tmp_path)) is None
