"""A file is replaced at once or not at all, and what a killed write left is removed by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from playlista.system.atomic_write import replacing, write_bytes
from tests.libraries import child_environment


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"former")
    write_bytes(os.fspath(place), b"new")
    assert place.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_block_that_fails_leaves_the_former_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"former")
    with suppress(ZeroDivisionError), replacing(os.fspath(place)) as temporary:
        Path(temporary).write_bytes(b"half")
        raise ZeroDivisionError
    assert place.read_bytes() == b"former"
    assert os.listdir(tmp_path) == ["file"]


def test_a_new_file_follows_the_umask_and_a_replaced_one_keeps_its_bits(tmp_path: Path) -> None:
    new, former = tmp_path / "new", tmp_path / "former"
    former.write_bytes(b"")
    former.chmod(0o604)
    mask = os.umask(0o027)
    try:
        write_bytes(os.fspath(new), b"1")
        write_bytes(os.fspath(former), b"1")
    finally:
        os.umask(mask)
    assert new.stat().st_mode & 0o777 == 0o640
    assert former.stat().st_mode & 0o777 == 0o604


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"")
    os.chown(place, 1234, 2345)
    write_bytes(os.fspath(place), b"1")
    assert (place.stat().st_uid, place.stat().st_gid) == (1234, 2345)


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    link.symlink_to(target)
    write_bytes(os.fspath(link), b"1")
    assert link.is_symlink()
    assert target.read_bytes() == b"1"


def test_what_a_killed_write_left_is_removed_by_the_next_and_nothing_of_others(tmp_path: Path) -> None:
    others = {"song.tmp", ".playlista-new-notours.tmp", ".playlista-new-0123456789abcdef.tmp.bak", "playlista.db"}
    for name in others:
        (tmp_path / name).write_bytes(b"of somebody else")
    code = """if True:
        import os, signal, sys
        from playlista.system.atomic_write import replacing
        with replacing(sys.argv[1]) as temporary:
            open(temporary + "-journal", "wb").close()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run(
        [sys.executable, "-c", code, os.fspath(tmp_path / "file")], env=child_environment(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == len(others) + 2
    write_bytes(os.fspath(tmp_path / "another"), b"1")
    assert set(os.listdir(tmp_path)) == others | {"another"}


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    with replacing(os.fspath(tmp_path / "one")) as temporary:
        write_bytes(os.fspath(tmp_path / "two"), b"2")
        assert os.path.exists(temporary)
        Path(temporary).write_bytes(b"1")
    assert (tmp_path / "one").read_bytes() == b"1"
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]
