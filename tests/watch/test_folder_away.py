"""The music folder away, empty or another one: nothing is deleted, and all goes on when it is back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from tests.watch.folders import make_old
from tests.watch.synced import SETTLE_SECONDS, Synced, analyzed


def take_away(synced: Synced) -> None:
    os.rename(synced.root, f"{synced.root}.away")


def bring_back(synced: Synced) -> None:
    if synced.root.is_dir():
        shutil.rmtree(synced.root)
    os.rename(f"{synced.root}.away", synced.root)


def leave_missing(synced: Synced) -> None:
    pass


def leave_empty(synced: Synced) -> None:
    synced.root.mkdir()


def leave_another(synced: Synced) -> None:
    synced.root.mkdir()
    make_old(synced.root, "strange.mp3", "very/strange.mp3", content=b"something else altogether")


@pytest.mark.parametrize("leave", [leave_missing, leave_empty, leave_another])
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_nothing_is_deleted_while_the_music_folder_is_away_and_all_goes_on_when_it_is_back(
    synced: Synced, leave: Callable[[Synced], None], restarted: bool
) -> None:
    rows = analyzed(synced, *(f"{number % 5}/{number}.mp3" for number in range(50)))
    take_away(synced)
    leave(synced)
    if restarted:
        synced.restart()
    verdict = synced.synchronizer.folder.check()
    assert not verdict.trusted
    assert str(synced.root) in verdict.why
    synced.scan()
    synced.follow(*(path for path in rows))
    assert rows.items() <= synced.rows().items()

    bring_back(synced)
    os.unlink(synced.root / "0" / "0.mp3")
    assert synced.synchronizer.folder.check().trusted
    assert synced.scan().gone >= 1
    assert synced.rows() == {path: row for path, row in rows.items() if path != "0/0.mp3"}


def test_a_folder_emptied_of_all_files_but_not_of_folders_deletes_nothing(synced: Synced) -> None:
    rows = analyzed(synced, *(f"{number % 5}/{number}.mp3" for number in range(50)))
    for path in rows:
        os.unlink(synced.root / path)
    synced.follow(*(path for path in rows))
    synced.scan()
    assert synced.rows() == rows
    assert "no music" in (synced.synchronizer.held or "")


def test_a_slow_deletion_of_everything_deletes_nothing(synced: Synced) -> None:
    rows = analyzed(synced, *(f"{number}.mp3" for number in range(30)))
    for path in rows:
        os.unlink(synced.root / path)
        synced.synchronizer.follow([path], synced.now)
        synced.now += SETTLE_SECONDS / 2
        synced.synchronizer.settle(synced.now)
    synced.follow()
    assert synced.rows() == rows


def test_a_folder_put_in_order_while_the_daemon_was_away_is_recognized(synced: Synced) -> None:
    rows = analyzed(synced, *(f"{number}.mp3" for number in range(50)))
    take_away(synced)
    synced.root.mkdir()
    (synced.root / "everything moved").mkdir()
    for path in rows:
        os.rename(f"{synced.root}.away/{path}", synced.root / "everything moved" / path)
    synced.restart()
    assert synced.synchronizer.folder.check().trusted
    synced.scan()
    assert synced.rows() == {f"everything moved/{path}": row for path, row in rows.items()}
    assert synced.queued() == 0


def test_the_same_folder_is_trusted_even_if_all_in_it_was_replaced_while_the_daemon_was_away(synced: Synced) -> None:
    analyzed(synced, "a.mp3", "b.mp3")
    for path in ("a.mp3", "b.mp3"):
        os.unlink(synced.root / path)
    make_old(synced.root, "c.mp3", content=b"new music")
    synced.restart()
    assert synced.synchronizer.folder.check().trusted
    synced.scan()
    assert list(synced.rows()) == ["c.mp3"]


def test_a_disk_mounted_inside_the_music_folder_may_go_away(synced: Synced) -> None:
    """Its files were on another device than the bare folder that it leaves behind."""
    rows = analyzed(synced, "a.mp3", "disk/b.mp3")
    with synced.parts.database.transaction() as connection:
        connection.execute("UPDATE files SET device = device + 1 WHERE id = ?", (rows["disk/b.mp3"],))
    os.unlink(synced.root / "disk" / "b.mp3")
    assert synced.scan().kept == 1
    assert synced.rows() == rows
