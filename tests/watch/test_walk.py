"""The walk over real folders, ordinary and not."""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlista.watch.walk import EmptyFolder, Seen, Unreadable, Walk, WalkEntry, _Links
from tests.exhaustive import examples
from tests.places import unprivileged_folder
from tests.watch.folders import make


def files(entries: list[WalkEntry]) -> list[str]:
    return [entry.file.path for entry in entries if isinstance(entry, Seen)]


def walk(root: Path, folder: str = "", *, follow_symlinks: bool = False) -> list[WalkEntry]:
    return list(Walk(os.fspath(root), follow_symlinks=follow_symlinks).below(folder))


def test_files_come_in_the_order_of_the_bytes_of_their_whole_paths(tmp_path: Path) -> None:
    """Which is the database's order, and not that of the names folder by folder: "a b" is before "a/"."""
    paths = ["a/z.mp3", "a b/c.mp3", "a.mp3", "a/b/c.mp3", "A.mp3", "ä.mp3", "\udcff.mp3", "a\n.mp3", "a-.mp3"]
    make(tmp_path, *paths)
    assert files(walk(tmp_path)) == sorted(paths, key=os.fsencode)


NAMES = st.text("ab -./0~ä\udcff", min_size=1, max_size=4).filter(lambda name: "/" not in name)


@settings(max_examples=examples(40))
@given(st.sets(st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "/x".join(["", *names])[1:]), max_size=12))
def test_any_tree_comes_in_the_order_of_the_bytes(tmp_path_factory: pytest.TempPathFactory, stems: set[str]) -> None:
    root = tmp_path_factory.mktemp("music")
    paths = {f"{stem}.mp3" for stem in stems}
    make(root, *paths)
    assert files(walk(root)) == sorted(paths, key=os.fsencode)


def test_a_file_is_seen_as_stat_sees_it(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3", content=b"12345")
    os.utime(tmp_path / "a.mp3", ns=(0, 1_234_567_890_123_456_789))
    (entry,) = walk(tmp_path)
    status = (tmp_path / "a.mp3").stat()
    assert isinstance(entry, Seen)
    assert (entry.file.size_bytes, entry.file.mtime_ns) == (5, 1_234_567_890_123_456_789)
    assert (entry.file.device, entry.file.inode) == (status.st_dev, status.st_ino)
    assert entry.changed_at == status.st_ctime


def test_only_regular_files_with_music_names_are_seen(tmp_path: Path) -> None:
    make(tmp_path, "folder.mp3/inside.mp3", "cover.jpg", "@eaDir/a.mp3", ".Trash-1000/a.mp3", "real.mp3")
    os.mkfifo(tmp_path / "pipe.mp3")
    assert files(walk(tmp_path)) == ["folder.mp3/inside.mp3", "real.mp3"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "music/a.mp3", "outside/b.mp3")
    (tmp_path / "music" / "link.mp3").symlink_to(tmp_path / "outside" / "b.mp3")
    (tmp_path / "music" / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "music" / "broken.mp3").symlink_to(tmp_path / "nowhere")
    assert files(walk(tmp_path / "music")) == ["a.mp3"]
    assert files(walk(tmp_path / "music", "linked")) == []


def test_where_links_are_followed_each_place_is_seen_once_and_loops_end(tmp_path: Path) -> None:
    make(tmp_path, "music/a.mp3", "music/z/c.mp3", "outside/b.mp3", "outside/deep/d.mp3")
    links = {
        "out": "outside", "out2": "outside", "deep": "outside/deep", "loop": "music", "up": ".",
        "in.mp3": "music/a.mp3", "file.mp3": "outside/b.mp3", "broken.mp3": "nowhere",
    }  # fmt: skip
    for name, target in links.items():
        (tmp_path / "music" / name).symlink_to(tmp_path / target)
    (tmp_path / "outside" / "back").symlink_to(tmp_path / "outside")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    seen = files(walk(tmp_path / "music", follow_symlinks=True))
    assert sorted(set(seen)) == sorted(seen)
    assert {"a.mp3", "z/c.mp3", "deep/d.mp3", "file.mp3", "out/b.mp3"} <= set(seen)
    assert not any(path.startswith(("loop", "up", "in.mp3", "broken", "out2")) for path in seen)


def test_a_music_folder_that_is_a_link_itself_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "disk/a.mp3")
    (tmp_path / "music").symlink_to(tmp_path / "disk")
    assert files(walk(tmp_path / "music")) == ["a.mp3"]


def test_an_unreadable_folder_is_said_in_its_place_and_the_walk_goes_on() -> None:
    with unprivileged_folder() as root:
        make(root, "a.mp3", "locked/b.mp3", "z.mp3")
        (root / "locked").chmod(0)
        entries = walk(root)
        assert [getattr(entry, "path", None) or entry.file.path for entry in entries] == ["a.mp3", "locked", "z.mp3"]  # type: ignore[union-attr]
        assert isinstance(entries[1], Unreadable)
        with pytest.raises(PermissionError):
            Walk(os.fspath(root)).look("locked/b.mp3")


def test_an_empty_folder_is_told_with_its_device(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert walk(tmp_path) == [EmptyFolder("empty", tmp_path.stat().st_dev)]


def test_a_folder_that_is_not_there_has_nothing_in_it(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3")
    assert walk(tmp_path, "gone") == []
    assert walk(tmp_path / "gone") == []


def test_a_walk_of_a_subfolder_gives_paths_from_the_music_folder(tmp_path: Path) -> None:
    make(tmp_path, "a/b/c.mp3", "a/d.mp3", "e.mp3")
    assert files(walk(tmp_path, "a")) == ["a/b/c.mp3", "a/d.mp3"]


def test_paths_of_the_greatest_length_are_seen_and_longer_ones_are_said(tmp_path: Path) -> None:
    """PATH_MAX is 4096 bytes with the final NUL; longer ones can be made step by step but not be opened."""
    folder, steps = os.open(tmp_path, os.O_RDONLY), 0
    length = len(os.fsencode(tmp_path))
    while length + 1 + 250 + 1 + len("song.mp3") <= 4500:
        if length + 1 + 8 <= 4095:
            os.close(os.open("song.mp3", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        os.mkdir("d" * 250, dir_fd=folder)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder, steps, length = inner, steps + 1, length + 251
    os.close(folder)
    entries = walk(tmp_path)
    assert len(files(entries)) >= 16
    assert any(isinstance(entry, Unreadable) and entry.error.strerror == "File name too long" for entry in entries)


def test_folders_may_be_nested_deeper_than_python_calls(tmp_path: Path) -> None:
    depth = 1200
    folders = [os.path.join(tmp_path, *["d"] * level) for level in range(1, depth + 1)]
    for folder in folders:
        os.mkdir(folder)
    make(Path(folders[-1]), "a.mp3")
    try:
        assert files(walk(tmp_path)) == ["d/" * depth + "a.mp3"]
    finally:
        os.unlink(os.path.join(folders[-1], "a.mp3"))
        for folder in reversed(folders):  # shutil.rmtree would recurse
            os.rmdir(folder)


def test_a_walk_that_is_stopped_ends_early(tmp_path: Path) -> None:
    make(tmp_path, *(f"{number}/a.mp3" for number in range(20)))
    asked = iter([False] * 4)
    stopping = Walk(os.fspath(tmp_path), stopped=lambda: next(asked, True))
    assert 1 <= len(list(stopping.below())) < 20


def test_a_look_at_one_path_agrees_with_a_walk(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3", "b/cover.jpg")
    one = Walk(os.fspath(tmp_path))
    assert [one.look("a.mp3")] == list(one.below())[:1]
    assert one.look("b") is one.look("b/cover.jpg") is one.look("gone.mp3") is one.look("a.mp3/x.mp3") is None


@pytest.mark.exhaustive
def test_a_flat_folder_costs_little_more_than_its_names(tmp_path: Path) -> None:
    """A folder of 150,000 files is walked in less than 20 MB, which is 139 bytes a file."""
    count = 5000
    make(tmp_path, *(f"track number {number:06} of many.mp3" for number in range(count)))
    walked = Walk(os.fspath(tmp_path)).below()
    tracemalloc.start()
    try:
        assert sum(isinstance(entry, Seen) for entry in walked) == count
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20e6 / 150_000 * count + 100_000


def test_many_links_to_many_places_are_told_apart_in_a_time_that_grows_with_their_number(tmp_path: Path) -> None:
    """Held against each other pair by pair, as many links took minutes."""
    links = _Links(os.fspath(tmp_path))
    began = time.monotonic()
    assert all(links.leads_out(f"/nowhere/{number}/album") for number in range(40_000))
    assert not links.leads_out("/nowhere/39999/album/disc 1")
    assert time.monotonic() - began < 60
