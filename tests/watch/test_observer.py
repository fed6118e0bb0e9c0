"""watchdog over real inotify: what is heard, and what is not."""

from __future__ import annotations

import mmap
import operator
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.watch.observer import Observer
from playlista.watch.path_events import PathEvents
from tests.watch.folders import make, until


class Heard:
    """An observer on a folder, and all that it said so far."""

    def __init__(self, root: Path) -> None:
        self.events = PathEvents()
        self.paths: list[str] = []
        self.counts: Counter[str] = Counter()
        self.observer = Observer(
            os.fspath(root), self.events, count=lambda event: self.counts.update([event]), overflowed=lambda: None
        )
        self.observer.start()

    def heard(self, *paths: str) -> bool:
        self.paths += self.events.take()[0]
        return set(paths) <= set(self.paths)

    def forget(self) -> None:
        self.paths.clear()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    root = tmp_path / "music"
    make(root, "old.mp3", "folder/inside.mp3")
    listening = Heard(root)
    yield listening
    listening.observer.close()


def test_creating_writing_moving_and_deleting_are_heard_and_counted(heard: Heard, tmp_path: Path) -> None:
    root = tmp_path / "music"
    make(root, "new.mp3")
    until(lambda: heard.heard("new.mp3"))
    heard.forget()
    os.rename(root / "new.mp3", root / "moved.mp3")
    until(lambda: heard.heard("new.mp3", "moved.mp3"))
    heard.forget()
    os.unlink(root / "moved.mp3")
    until(lambda: heard.counts["deleted"] and heard.heard("moved.mp3"))
    assert (heard.counts["created"], heard.counts["moved"], heard.counts["deleted"]) == (1, 1, 1)
    assert heard.counts["modified"] == 0  # to write what was just created is no event of its own


def test_reading_a_track_is_not_heard(heard: Heard, tmp_path: Path) -> None:
    """Else analyzing it would set off its own analysis, for ever."""
    root = tmp_path / "music"
    for _ in range(3):
        (root / "old.mp3").read_bytes()
        os.listdir(root / "folder")
    make(root, "end of test.mp3")
    until(lambda: heard.heard("end of test.mp3"))
    assert set(heard.paths) == {"end of test.mp3"}


def test_a_new_folder_is_heard_and_watched(heard: Heard, tmp_path: Path) -> None:
    root = tmp_path / "music"
    (root / "album").mkdir()
    until(lambda: heard.heard("album"))
    make(root, "album/a.mp3")
    until(lambda: heard.heard("album/a.mp3"))


def test_a_folder_that_moves_within_in_and_out_is_heard_as_such(heard: Heard, tmp_path: Path) -> None:
    root = tmp_path / "music"
    os.rename(root / "folder", root / "renamed")
    until(lambda: heard.heard("folder", "renamed"))
    heard.forget()
    os.rename(root / "renamed", tmp_path / "outside")
    until(lambda: heard.heard("renamed"))
    os.rename(tmp_path / "outside", root / "back")
    until(lambda: heard.heard("back"))


def test_a_finished_download_is_heard_by_its_final_name_only(heard: Heard, tmp_path: Path) -> None:
    root = tmp_path / "music"
    make(root, ".a.mp3.Xyz", "@eaDir/a.mp3", "cover.jpg", "b.mp3.part")
    os.rename(root / ".a.mp3.Xyz", root / "a.mp3")
    os.rename(root / "b.mp3.part", root / "b.mp3")
    until(lambda: heard.heard("a.mp3", "b.mp3"))
    assert set(heard.paths) == {"a.mp3", "b.mp3"}
    assert sum(heard.counts.values()) == 2


def test_names_of_any_bytes_are_heard(heard: Heard, tmp_path: Path) -> None:
    make(tmp_path / "music", "caf\udce9\n.mp3")
    until(lambda: heard.heard("caf\udce9\n.mp3"))


def test_a_file_that_is_written_through_a_mapping_is_heard(heard: Heard, tmp_path: Path) -> None:
    with (tmp_path / "music" / "old.mp3").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        mapping[0:1] = b"y"
    until(lambda: heard.heard("old.mp3"))


def test_a_closed_observer_leaves_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3")
    before = still_held()
    for _ in range(5):
        listening = Heard(tmp_path)
        assert listening.observer.alive
        listening.observer.close()
        assert not listening.observer.alive
    until(lambda: all(map(operator.le, still_held(), before)))  # a thread of an earlier test may end meanwhile


def still_held() -> tuple[int, int]:
    """Threads and inotify instances of this process."""
    descriptors = [os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
    return threading.active_count(), sum("inotify" in os.path.realpath(link) for link in descriptors)


def test_a_folder_that_does_not_exist_cannot_be_watched(tmp_path: Path) -> None:
    observer = Observer(os.fspath(tmp_path / "gone"), PathEvents(), count=lambda event: None, overflowed=lambda: None)
    with pytest.raises(FileNotFoundError):
        observer.start()
    observer.close()
