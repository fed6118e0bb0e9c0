"""What a killed write leaves is removed by the next start: its copy, and no other file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from playlista.outputs.file_tags.journal import FOLDER_NAME, remove_leftovers
from playlista.system.file_exchange import exchange
from tests.libraries import child_environment
from tests.outputs.tag_files import taggable

#: Kills itself when the function that is named third is called, before or after it does its work.
KILLED = """if True:
    import os, signal, sys
    from playlista.outputs.file_tags import replacement, writer
    from tests.outputs.conftest import BOUNDS, FIELDS, measured
    from pathlib import Path
    path, data, where, when = sys.argv[1:]
    known = measured(Path(path))
    module = writer if hasattr(writer, where) else replacement
    done = getattr(module, where)
    def killed(*arguments, **keywords):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done(*arguments, **keywords)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, where, killed)
    writer.TagWriter(data, BOUNDS).write(path, FIELDS, known)
"""


def killed_write(path: Path, data_dir: Path, where: str, when: str) -> None:
    """A process that is killed `when` `where` is called while it writes to `path`."""
    command = [sys.executable, "-c", KILLED, os.fspath(path), os.fspath(data_dir), where, when]
    ended = subprocess.run(command, env=child_environment(), check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("where", "when"),
    [("_copy", "before"), ("_copy", "after"), ("write_fields", "after"), ("exchange", "before"), ("exchange", "after")],
)
def test_the_copy_of_a_killed_write_is_removed_and_the_file_is_whole(
    tmp_path: Path, data_dir: Path, where: str, when: str
) -> None:
    path = taggable(tmp_path, "wav")
    others = {".playlista-of somebody else.wav", ".playlista-0123456789abcdef0123456789abcdef.wav"}
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    former = path.read_bytes()
    killed_write(path, data_dir, where, when)
    assert remove_leftovers(os.fspath(data_dir)) == []
    assert set(os.listdir(tmp_path)) == others | {"song.wav"}
    assert os.listdir(data_dir / FOLDER_NAME) == []
    is_tagged = path.read_bytes() != former
    assert is_tagged == ((where, when) == ("exchange", "after"))


def test_the_copy_of_a_write_at_work_is_left_alone(tmp_path: Path, data_dir: Path) -> None:
    path = taggable(tmp_path, "wav")
    code = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "(print('here', flush=True), sys.stdin.read())")
    command = [sys.executable, "-c", code, os.fspath(path), os.fspath(data_dir), "write_fields", "before"]
    with subprocess.Popen(
        command,
        env=child_environment(),
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() == "here\n"
        assert remove_leftovers(os.fspath(data_dir)) == []
        assert len(os.listdir(tmp_path)) == 2
        writing.communicate("")
    assert os.listdir(tmp_path) == ["song.wav"]


def test_an_edit_that_a_killed_exchange_took_away_is_kept_and_said(tmp_path: Path, data_dir: Path) -> None:
    path = taggable(tmp_path, "wav")
    probe = tmp_path / "probe"
    probe.write_bytes(b"")
    if not exchange(os.fspath(probe), os.fspath(path)):
        pytest.skip("this file system cannot exchange files")
    exchange(os.fspath(probe), os.fspath(path))
    probe.unlink()
    killed_write(path, data_dir, "exchange", "after")
    (copy,) = tmp_path.glob(".playlista-*")  # now the original
    with copy.open("rb+") as late:
        late.seek(1000)
        late.write(b"edited")
    (trouble,) = remove_leftovers(os.fspath(data_dir))
    assert f"{copy}: another program's edit of {path}" in trouble
    assert b"edited" in copy.read_bytes()


def test_an_entry_waits_while_its_folder_is_away(tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / "disk").mkdir()
    path = taggable(tmp_path / "disk", "wav")
    killed_write(path, data_dir, "_copy", "after")
    (tmp_path / "disk").rename(tmp_path / "away")
    assert len(remove_leftovers(os.fspath(data_dir))) == 1
    (tmp_path / "away").rename(tmp_path / "disk")
    assert remove_leftovers(os.fspath(data_dir)) == []
    assert os.listdir(tmp_path / "disk") == ["song.wav"]


def test_an_entry_that_was_not_finished_or_is_not_ours_removes_nothing(tmp_path: Path, data_dir: Path) -> None:
    (data_dir / FOLDER_NAME).mkdir()
    victim = tmp_path / "song.wav"
    victim.write_bytes(b"music")
    (data_dir / FOLDER_NAME / f"{'0' * 32}.json").write_text('{"target": "')
    (data_dir / FOLDER_NAME / f"{'1' * 32}.json").write_text(
        f'{{"target": "{victim}", "copy": "{victim}", "original": {{"device": 1, "inode": 1, "size_bytes": 1,'
        ' "mtime_ns": 1, "ctime_ns": 1, "digest": ""}}'
    )
    assert remove_leftovers(os.fspath(data_dir)) == []
    assert victim.read_bytes() == b"music"
    assert os.listdir(data_dir / FOLDER_NAME) == []


def test_without_a_data_folder_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert remove_leftovers(os.fspath(tmp_path / "missing")) == []
