"""The watcher as it runs: real threads, real inotify, real folders that come and go."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from playlista.tracks import TrackFile
from playlista.watch import watcher as watcher_module
from playlista.watch.observer import Observer
from playlista.watch.options import WatchOptions
from playlista.watch.settle import SettleTracker
from playlista.watch.watcher import MusicWatcher
from tests.deadlines import allowed
from tests.libraries import Parts
from tests.watch.folders import make, until

SETTLE_SECONDS = 0.3

WatchMode = Literal["auto", "inotify", "polling"]


@contextmanager
def watching(
    root: Path,
    parts: Parts,
    *,
    mode: WatchMode = "auto",
    counts: Counter[str] | None = None,
    enqueue: Callable[[Iterable[TrackFile], Literal["event", "scan"]], int] | None = None,
    mountinfo: str = "",
    follow_symlinks: bool = False,
) -> Iterator[MusicWatcher]:
    """A running watcher that has made its first scan."""
    counted = Counter[str]() if counts is None else counts
    watcher = MusicWatcher(
        os.fspath(root),
        parts.library,
        enqueue or parts.queue.enqueue,
        WatchOptions(
            mode=mode,
            settle_seconds=SETTLE_SECONDS,
            rescan_interval_seconds=3600,
            follow_symlinks=follow_symlinks,
        ),
        count=lambda event: counted.update([event]),
        mountinfo=lambda: mountinfo,
    )
    watcher.start()
    try:
        until(lambda: watcher.health().scans or _is_away(watcher.health().problem))
        yield watcher
    finally:
        watcher.stop()


def _is_away(problem: str | None) -> bool:
    return problem is not None and "not looked at yet" not in problem


def paths(parts: Parts) -> list[str]:
    return [known.file.path for known in parts.library.page(limit=100_000)]


@pytest.mark.parametrize("mode", ["inotify", "polling"])
def test_files_that_come_change_move_and_go_are_followed(
    root: Path, parts: Parts, mode: WatchMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "LEAST_POLL_SECONDS", 0.5)
    make(root, "there before.mp3")
    counts: Counter[str] = Counter()
    with watching(root, parts, mode=mode, counts=counts) as watcher:
        assert watcher.health().mode == mode
        make(root, "album/new.mp3")
        until(lambda: paths(parts) == ["album/new.mp3", "there before.mp3"])
        known = parts.library.get("album/new.mp3")
        assert known is not None

        os.rename(root / "album", root / "renamed")
        until(lambda: paths(parts) == ["renamed/new.mp3", "there before.mp3"])
        moved = parts.library.get("renamed/new.mp3")
        assert moved is not None
        assert moved.file_id == known.file_id

        make(root, "renamed/new.mp3", content=b"rewritten")
        until(lambda: (parts.library.get("renamed/new.mp3") or known).file.size_bytes == len(b"rewritten"))
        os.unlink(root / "renamed" / "new.mp3")
        until(lambda: paths(parts) == ["there before.mp3"])
        assert watcher.health().problem is None
        assert set(counts) <= {"created", "modified", "moved", "deleted"}
        assert counts["created"] >= 1


def test_a_file_is_taken_only_after_it_came_to_rest(root: Path, parts: Parts) -> None:
    with watching(root, parts), (root / "slow copy.mp3").open("wb") as file:
        for _ in range(10):
            file.write(b"x" * 1000)
            file.flush()
            time.sleep(SETTLE_SECONDS / 3)
            assert paths(parts) == []
        until(lambda: paths(parts) == ["slow copy.mp3"])
        known = parts.library.get("slow copy.mp3")
        assert known is not None
        assert known.file.size_bytes == 10_000


@pytest.mark.parametrize(
    ("kind", "mode"), [("ext4", "inotify"), ("nfs4", "polling"), ("fuse.mergerfs", "polling"), ("cifs", "polling")]
)
def test_auto_polls_where_the_kernel_does_not_tell_of_changes(root: Path, parts: Parts, kind: str, mode: str) -> None:
    line = f"1 0 0:1 / {os.path.realpath(root)} rw - {kind} source rw\n"
    with watching(root, parts, mountinfo=line) as watcher:
        assert watcher.health().mode == mode
        assert watcher.health().problem is None


def test_a_network_share_mounted_inside_the_music_folder_is_polled_too(root: Path, parts: Parts) -> None:
    inside = f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {os.path.realpath(root)}/nas rw - nfs4 b rw\n"
    with watching(root, parts, mountinfo=inside) as watcher:
        assert watcher.health().mode == "polling"


def test_what_lies_behind_followed_links_is_polled(root: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher_module, "LEAST_POLL_SECONDS", 0.3)
    elsewhere = root.parent / "elsewhere"
    make(elsewhere, "a.mp3")
    (root / "link").symlink_to(elsewhere)
    with watching(root, parts, follow_symlinks=True) as watcher:
        until(lambda: paths(parts) == ["link/a.mp3"])
        assert watcher.health().mode == "polling"
        make(elsewhere, "b.mp3")
        until(lambda: paths(parts) == ["link/a.mp3", "link/b.mp3"])


def test_stopping_takes_less_than_a_second_and_leaves_no_thread(root: Path, parts: Parts) -> None:
    make(root, *(f"{number % 50}/{number}.mp3" for number in range(1000)))
    before = threading.active_count()
    with watching(root, parts) as watcher:
        began = time.monotonic()
        watcher.stop()
        assert time.monotonic() - began < allowed(1)
        assert threading.active_count() == before
        assert not watcher.health().alive


def test_a_missing_music_folder_is_waited_for(root: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher_module, "FOLDER_CHECK_SECONDS", 0.2)
    root.rmdir()
    with watching(root, parts) as watcher:
        health = watcher.health()
        assert not health.music_present
        assert health.problem is not None
        assert str(root) in health.problem
        make(root, "a.mp3")
        until(lambda: paths(parts) == ["a.mp3"])
        assert watcher.health().music_present


@pytest.mark.parametrize("mode", ["inotify", "polling"])
def test_a_folder_that_goes_away_and_comes_back_loses_nothing(
    root: Path, parts: Parts, mode: WatchMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "FOLDER_CHECK_SECONDS", 0.2)
    monkeypatch.setattr(watcher_module, "LEAST_POLL_SECONDS", 0.3)
    make(root, "a.mp3", "b/c.mp3")
    with watching(root, parts, mode=mode) as watcher:
        until(lambda: paths(parts) == ["a.mp3", "b/c.mp3"])
        os.rename(root, f"{root}.away")
        root.mkdir()
        until(lambda: not watcher.health().music_present)
        time.sleep(3 * SETTLE_SECONDS)
        assert paths(parts) == ["a.mp3", "b/c.mp3"]
        root.rmdir()
        os.rename(f"{root}.away", root)
        until(lambda: watcher.health().music_present)
        make(root, "new.mp3")
        until(lambda: paths(parts) == ["a.mp3", "b/c.mp3", "new.mp3"])


@pytest.fixture
def mounted(root: Path) -> Iterator[Path]:
    """The music folder as a mount of its own."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", os.fspath(root)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield root
    subprocess.run(["umount", "-l", os.fspath(root)], capture_output=True, check=False)


def test_an_unmounted_disk_is_no_deletion_and_another_disk_in_its_place_neither(
    mounted: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "FOLDER_CHECK_SECONDS", 0.2)
    root = mounted
    other_disk = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", os.fspath(root)]
    make(root, "a.mp3", "b/c.mp3")
    keep = root.parent / "keep"
    keep.mkdir()
    subprocess.run(["mount", "--bind", os.fspath(root), os.fspath(keep)], check=True)
    try:
        with watching(root, parts, mountinfo="") as watcher:
            until(lambda: paths(parts) == ["a.mp3", "b/c.mp3"])
            subprocess.run(["umount", os.fspath(root)], check=True)
            until(lambda: not watcher.health().music_present)
            subprocess.run(other_disk, check=True)
            make(root, "strange.mp3")
            time.sleep(4 * SETTLE_SECONDS)
            assert not watcher.health().music_present
            assert paths(parts) == ["a.mp3", "b/c.mp3"]
            subprocess.run(["umount", os.fspath(root)], check=True)
            subprocess.run(["mount", "--bind", os.fspath(keep), os.fspath(root)], check=True)
            until(lambda: watcher.health().music_present)
            make(root, "new.mp3")
            until(lambda: paths(parts) == ["a.mp3", "b/c.mp3", "new.mp3"])
    finally:
        subprocess.run(["umount", "-l", os.fspath(keep)], check=True)


def test_inotify_that_dies_is_started_again_and_nothing_is_missed(
    root: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Observer] = []

    class Recorded(Observer):
        def start(self) -> None:
            made.append(self)
            super().start()

    monkeypatch.setattr(watcher_module, "Observer", Recorded)
    monkeypatch.setattr("playlista.watch.event_source.RETRY_SECONDS", 0.2)
    with watching(root, parts, mode="inotify") as watcher:
        until(lambda: watcher.health().mode == "inotify")
        made[0].close()
        make(root, "meanwhile.mp3")
        until(lambda: len(made) == 2 and watcher.health().mode == "inotify")
        until(lambda: paths(parts) == ["meanwhile.mp3"])
        assert watcher.health().problem is None


def test_an_error_that_nobody_thought_of_is_said_and_got_over(
    root: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "ERROR_PAUSE_SECONDS", 0.5)
    broken = threading.Event()

    def enqueue(files: Iterable[TrackFile], cause: Literal["event", "scan"]) -> int:
        if broken.is_set():
            raise RuntimeError("out of luck")
        return parts.queue.enqueue(files, cause)

    with watching(root, parts, enqueue=enqueue) as watcher:
        broken.set()
        make(root, "a.mp3")
        until(lambda: "out of luck" in (watcher.health().problem or ""))
        broken.clear()
        until(lambda: paths(parts) == ["a.mp3"])
        until(lambda: watcher.health().problem is None)


def test_a_library_that_cannot_be_written_is_said_and_got_over(
    root: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "ERROR_PAUSE_SECONDS", 0.5)
    with watching(root, parts) as watcher:
        with parts.database.read() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        make(root, *(f"{number:03} {'long' * 50}.mp3" for number in range(200)))
        until(lambda: "disk is full" in (watcher.health().problem or ""))
        with parts.database.read() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        until(lambda: len(paths(parts)) == 200)


def test_a_single_pass_takes_everything_and_waits_for_what_is_still_written(root: Path, parts: Parts) -> None:
    make(root, "a.mp3", "b/c.mp3")
    watcher = MusicWatcher(
        os.fspath(root),
        parts.library,
        parts.queue.enqueue,
        WatchOptions(
            settle_seconds=SETTLE_SECONDS,
            rescan_interval_seconds=3600,
        ),
        count=lambda event: None,
    )
    assert watcher.scan_once().trusted
    assert paths(parts) == ["a.mp3", "b/c.mp3"]
    assert watcher.health().unsettled == 0


def test_a_single_pass_takes_more_fresh_files_than_can_settle_at_a_time(
    root: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playlista.watch.synchronizer.SettleTracker", partial(SettleTracker, limit_files=3))
    make(root, *(f"{number}.mp3" for number in range(10)))
    watcher = MusicWatcher(
        os.fspath(root),
        parts.library,
        parts.queue.enqueue,
        WatchOptions(
            settle_seconds=SETTLE_SECONDS,
            rescan_interval_seconds=3600,
        ),
        count=lambda event: None,
    )
    watcher.scan_once()
    assert parts.library.count() == 10


def test_a_single_pass_ends_when_it_is_told_to_stop(root: Path, parts: Parts) -> None:
    make(root, "still being written.mp3")
    stopping = threading.Event()
    watcher = MusicWatcher(
        os.fspath(root),
        parts.library,
        parts.queue.enqueue,
        WatchOptions(
            settle_seconds=3600,
            rescan_interval_seconds=3600,
        ),
        count=lambda event: None,
        stopping=stopping,
    )
    threading.Timer(0.2, stopping.set).start()
    began = time.monotonic()
    watcher.scan_once()
    assert time.monotonic() - began < allowed(2)


def test_an_ignore_file_is_heeded_as_soon_as_it_is_written_and_what_it_leaves_out_is_counted(
    root: Path, parts: Parts
) -> None:
    make(root, "a.mp3", "talk/p.mp3", "@eaDir/e.mp3")
    with watching(root, parts, mode="inotify") as watcher:
        until(lambda: paths(parts) == ["a.mp3", "talk/p.mp3"])
        assert watcher.health().ignored == {"debris": 1, "setting": 0, "ignore_file": 0}
        (root / ".playlistaignore").write_text("talk/\n")
        until(lambda: paths(parts) == ["a.mp3"])
    assert "@eaDir/" in (parts.library.recall("ignored_paths") or "")


def test_each_rescan_and_the_return_of_the_folder_is_the_time_to_try_again_what_could_not_be_read(
    tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "FOLDER_CHECK_SECONDS", 0.2)
    monkeypatch.setattr(watcher_module, "LEAST_POLL_SECONDS", 0.3)
    root, rescans = tmp_path / "music", list[int]()
    make(root, "a.mp3")
    watcher = MusicWatcher(
        os.fspath(root),
        parts.library,
        parts.queue.enqueue,
        WatchOptions(
            mode="polling",
            settle_seconds=SETTLE_SECONDS,
            rescan_interval_seconds=0.1,
        ),
        count=lambda _event: None,
        rescanned=lambda: rescans.append(1),
        mountinfo=lambda: "",
    )
    watcher.start()
    try:
        until(lambda: len(rescans) >= 2)
        root.rename(tmp_path / "away")
        until(lambda: not watcher.health().music_present)
        before = len(rescans)
        (tmp_path / "away").rename(root)
        until(lambda: len(rescans) > before)
    finally:
        watcher.stop()
