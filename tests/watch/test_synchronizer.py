"""The library against a real folder: whatever is done to the folder, the two agree afterwards and results survive."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from playlista.watch.hints import Departed, FolderAppeared, Hint, Moved, Touched
from playlista.watch.scan import ScanReport
from playlista.watch.synchronizer import FOLDERS_PER_SCAN, Synchronizer
from tests.libraries import Rooms, analysis_of, open_rooms
from tests.places import unprivileged_folder
from tests.watch.folders import make, make_old

SETTLE_SECONDS = 10.0


@dataclass
class Synced:
    """A music folder, a library, and what keeps them in step; the time is the test's.

    The wall clock runs an hour ahead, so that files made a moment ago lie there as if at rest for long: their time
    of change cannot be set back.
    """

    root: Path
    rooms: Rooms
    mountinfo: str = ""
    now: float = 100.0
    stopped: bool = False
    clock_ahead_seconds: float = 3600.0
    synchronizer: Synchronizer = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.synchronizer = Synchronizer(
            os.fspath(self.root),
            self.rooms.library,
            self.rooms.queue.enqueue,
            settle_seconds=SETTLE_SECONDS,
            follow_symlinks=False,
            clock=lambda: time.time() + self.clock_ahead_seconds,
            mountinfo=lambda: self.mountinfo,
            stopped=lambda: self.stopped,
        )
        self.synchronizer.folder.check()

    def scan(self) -> ScanReport:
        return self.synchronizer.scan(self.now)

    def follow(self, *hints: Hint, lost: bool = False) -> None:
        """Events, and then time enough for whatever follows from them, with the scan that the watcher would make."""
        must_scan = self.synchronizer.follow(hints, self.now, lost=lost)
        for _ in range(3):
            self.now += SETTLE_SECONDS
            must_scan |= self.synchronizer.settle(self.now)
        if must_scan:
            self.scan()

    def analyze_all(self) -> int:
        """Work the queue off; how many tracks were analyzed. The result holds the row, so that it can be followed."""
        done = 0
        while (job := self.rooms.queue.claim()) is not None:
            self.rooms.queue.finish(job, analysis_of(job.file.path, bpm=float(job.file_id)))
            done += 1
        return done

    def rows(self) -> dict[str, int]:
        return {known.file.path: known.file_id for known in self.rooms.library.page(limit=100_000)}

    def queued(self) -> int:
        return self.rooms.queue.counts()["queued"]


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[Synced]:
    (tmp_path / "music").mkdir()
    (tmp_path / "data").mkdir()
    with open_rooms(tmp_path / "data", synced=False) as rooms:
        yield Synced(tmp_path / "music", rooms)


def analyzed(synced: Synced, *paths: str) -> dict[str, int]:
    """Files that were scanned and analyzed; their rows by path."""
    make_old(synced.root, *paths)
    synced.scan()
    assert synced.analyze_all() == len(paths)
    return synced.rows()


# -- scans ------------------------------------------------------------------------------------------------------------


def test_a_scan_enqueues_what_is_new_and_leaves_alone_what_is_not(synced: Synced) -> None:
    analyzed(synced, "a.mp3", "b/c.flac")
    make_old(synced.root, "new.mp3")
    report = synced.scan()
    assert (report.new, report.changed, report.moved, report.gone) == (1, 0, 0, 0)
    assert synced.queued() == 1
    assert synced.scan().new == 0


def test_a_rewritten_file_is_analyzed_again(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    make_old(synced.root, "a.mp3", content=b"something else")
    assert synced.scan().changed == 1
    assert synced.analyze_all() == 1


def test_a_file_replaced_by_one_of_equal_size_and_time_is_analyzed_again(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    before = (synced.root / "a.mp3").stat()
    make(synced.root, "retagged.tmp", content=b"y")
    os.utime(synced.root / "retagged.tmp", ns=(before.st_mtime_ns, before.st_mtime_ns))
    os.replace(synced.root / "retagged.tmp", synced.root / "a.mp3")
    assert synced.scan().changed == 1


@pytest.mark.parametrize(("kind", "changed"), [("ext4", 1), ("fuse.sshfs", 0)])
def test_another_inode_number_is_no_change_where_numbers_do_not_last(synced: Synced, kind: str, changed: int) -> None:
    device = synced.root.stat().st_dev
    synced.mountinfo = f"1 0 {os.major(device)}:{os.minor(device)} / / rw - {kind} source rw\n"
    synced.restart()
    analyzed(synced, "a.mp3")
    shutil.copy2(synced.root / "a.mp3", synced.root / "copy")
    os.replace(synced.root / "copy", synced.root / "a.mp3")
    assert synced.scan().changed == changed


def test_a_deleted_file_goes_with_its_result(synced: Synced) -> None:
    analyzed(synced, "a.mp3", "b.mp3")
    os.unlink(synced.root / "a.mp3")
    assert synced.scan().gone == 1
    assert synced.rooms.store.get("a.mp3") is None
    assert list(synced.rows()) == ["b.mp3"]


def test_a_file_that_changed_a_moment_ago_settles_first(synced: Synced) -> None:
    synced.clock_ahead_seconds = 0.0
    make(synced.root, "still copying.mp3")
    assert synced.scan().new == 1
    assert synced.queued() == 0
    synced.now += SETTLE_SECONDS
    make(synced.root, "still copying.mp3", content=b"more of it")
    synced.synchronizer.settle(synced.now)
    assert synced.queued() == 0
    synced.now += SETTLE_SECONDS
    synced.synchronizer.settle(synced.now)
    assert synced.queued() == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_ten_thousand_renames_are_no_second_analysis(synced: Synced, restarted: bool) -> None:
    paths = [f"old {number % 7}/{number}.mp3" for number in range(10_000)]
    make_old(synced.root, *paths)
    synced.scan()
    rows = synced.rows()
    new_path = {path: f"new {number % 11}/{number}.mp3" for number, path in enumerate(paths)}
    for path, new in new_path.items():
        os.makedirs(os.path.dirname(synced.root / new), exist_ok=True)
        os.rename(synced.root / path, synced.root / new)
    if restarted:
        synced.restart()
    assert synced.scan().moved == 10_000
    assert synced.rows() == {new_path[path]: row for path, row in rows.items()}
    assert synced.queued() == 10_000, "the jobs that they had, and no other"


@pytest.mark.parametrize("step", [1, -1], ids=["up", "down"])
def test_files_renumbered_by_one_keep_their_results(synced: Synced, step: int) -> None:
    rows = analyzed(synced, *(f"{number:02}.mp3" for number in range(10, 20)))
    order = range(19, 9, -1) if step > 0 else range(10, 20)
    for number in order:
        os.rename(synced.root / f"{number:02}.mp3", synced.root / f"{number + step:02}.mp3")
    synced.scan()
    assert synced.rows() == {f"{number + step:02}.mp3": rows[f"{number:02}.mp3"] for number in range(10, 20)}
    assert synced.queued() == 0


def test_files_that_swapped_their_names_keep_their_results(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3", "b.mp3", "c.mp3")
    for old, new in (("a.mp3", "t"), ("b.mp3", "a.mp3"), ("c.mp3", "b.mp3"), ("t", "c.mp3")):
        os.rename(synced.root / old, synced.root / new)
    synced.scan()
    assert synced.rows() == {"c.mp3": rows["a.mp3"], "a.mp3": rows["b.mp3"], "b.mp3": rows["c.mp3"]}
    assert synced.queued() == 0


def test_a_file_moved_over_another_takes_its_place(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3", "b.mp3")
    os.replace(synced.root / "a.mp3", synced.root / "b.mp3")
    synced.scan()
    assert synced.rows() == {"b.mp3": rows["a.mp3"]}
    assert synced.queued() == 0


def test_a_file_that_came_back_from_another_disk_with_its_time_keeps_its_result(synced: Synced) -> None:
    rows = analyzed(synced, "old/a.mp3", "b.mp3")
    (synced.root / "new").mkdir()
    shutil.copy2(synced.root / "old" / "a.mp3", synced.root / "new" / "a.mp3")
    os.unlink(synced.root / "old" / "a.mp3")
    synced.scan()
    assert synced.rows() == {"new/a.mp3": rows["old/a.mp3"], "b.mp3": rows["b.mp3"]}


def test_a_copy_and_a_hard_link_are_files_of_their_own(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    shutil.copy2(synced.root / "a.mp3", synced.root / "copy.mp3")
    os.link(synced.root / "a.mp3", synced.root / "link.mp3")
    os.utime(synced.root / "copy.mp3", ns=(0, (synced.root / "a.mp3").stat().st_mtime_ns))
    synced.scan()
    synced.follow()
    assert sorted(synced.rows()) == ["a.mp3", "copy.mp3", "link.mp3"]
    assert synced.queued() == 2


def test_names_that_differ_only_in_case_or_unicode_form_are_different_files(synced: Synced) -> None:
    names = ["Ä.mp3", "A\u0308.mp3", "ä.mp3", "a\u0308.mp3", "caf\udce9.mp3", "caf\u00e9.mp3", "new\nline.mp3"]
    analyzed(synced, *names)
    assert sorted(synced.rows()) == sorted(names)


def test_a_scan_that_is_stopped_forgets_nothing(synced: Synced) -> None:
    analyzed(synced, *(f"{number:04}.mp3" for number in range(50)), "z/a.mp3")
    synced.stopped = True
    report = synced.scan()
    assert not report.complete
    assert len(synced.rows()) == 51


def test_an_unreadable_folder_keeps_what_was_known_in_it() -> None:
    with unprivileged_folder() as folder:
        (folder / "music").mkdir()
        (folder / "data").mkdir()
        with open_rooms(folder / "data") as rooms:
            synced = Synced(folder / "music", rooms)
            rows = analyzed(synced, "a.mp3", "locked/b.mp3", "z.mp3")
            (synced.root / "locked").chmod(0)
            os.unlink(synced.root / "z.mp3")
            report = synced.scan()
            assert (report.unreadable, report.kept, report.gone) == (1, 1, 1)
            assert synced.rows() == {path: rows[path] for path in ("a.mp3", "locked/b.mp3")}


# -- hints ------------------------------------------------------------------------------------------------------------


def test_a_touched_file_settles_and_is_enqueued(synced: Synced) -> None:
    make(synced.root, "a.mp3")
    synced.follow(Touched("a.mp3"))
    assert synced.queued() == 1


def test_a_hint_about_an_unchanged_file_leads_to_nothing(synced: Synced) -> None:
    """As of our own reading of it, or of a change of its rights."""
    analyzed(synced, "a.mp3")
    synced.follow(Touched("a.mp3"), Touched("a.mp3"))
    assert synced.queued() == 0


def test_a_moved_file_keeps_its_result_at_once(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3")
    os.rename(synced.root / "a.mp3", synced.root / "b.mp3")
    synced.synchronizer.follow([Moved("a.mp3", "b.mp3")], synced.now)
    assert synced.rows() == {"b.mp3": rows["a.mp3"]}


def test_a_chain_of_moves_told_late_ends_where_the_file_is(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3", "z.mp3")
    os.rename(synced.root / "a.mp3", synced.root / "c.mp3")
    synced.follow(Moved("a.mp3", "b.mp3"), Moved("b.mp3", "c.mp3"))
    assert synced.rows() == {"c.mp3": rows["a.mp3"], "z.mp3": rows["z.mp3"]}
    assert synced.queued() == 0


def test_a_move_of_which_only_the_halves_were_told_keeps_the_result(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3", "z.mp3")
    os.rename(synced.root / "a.mp3", synced.root / "b.mp3")
    synced.follow(Touched("b.mp3"), Departed("a.mp3"))
    assert synced.rows() == {"b.mp3": rows["a.mp3"], "z.mp3": rows["z.mp3"]}
    assert synced.queued() == 0


def test_a_finished_download_is_enqueued_under_its_final_name(synced: Synced) -> None:
    make(synced.root, "a.mp3")
    synced.follow(Touched("a.mp3"))
    assert list(synced.rows()) == ["a.mp3"]


def test_an_atomic_replacement_is_analyzed_again_once(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    make(synced.root, "new.tmp", content=b"other bytes")
    os.replace(synced.root / "new.tmp", synced.root / "a.mp3")
    synced.follow(Touched("a.mp3"), Touched("a.mp3"))
    assert synced.analyze_all() == 1


def test_a_moved_folder_keeps_all_results(synced: Synced) -> None:
    rows = analyzed(synced, "old/a.mp3", "old/deep/b.mp3", "other.mp3")
    os.rename(synced.root / "old", synced.root / "new")
    synced.follow(Moved("old", "new"))
    assert synced.rows() == {
        "new/a.mp3": rows["old/a.mp3"],
        "new/deep/b.mp3": rows["old/deep/b.mp3"],
        "other.mp3": rows["other.mp3"],
    }
    assert synced.queued() == 0


def test_a_folder_moved_in_is_taken_and_one_moved_out_goes(synced: Synced, tmp_path: Path) -> None:
    analyzed(synced, "stays.mp3", "goes/a.mp3", "goes/deep/b.mp3")
    make_old(tmp_path, "outside/c.mp3", "outside/deep/d.mp3")
    os.rename(tmp_path / "outside", synced.root / "came")
    os.rename(synced.root / "goes", tmp_path / "gone")
    synced.follow(FolderAppeared("came"), Departed("goes"))
    assert sorted(synced.rows()) == ["came/c.mp3", "came/deep/d.mp3", "stays.mp3"]


def test_a_file_that_departed_and_came_back_within_the_grace_keeps_its_result(synced: Synced, tmp_path: Path) -> None:
    rows = analyzed(synced, "a.mp3", "z.mp3")
    os.rename(synced.root / "a.mp3", tmp_path / "a.mp3")
    synced.synchronizer.follow([Departed("a.mp3")], synced.now)
    os.rename(tmp_path / "a.mp3", synced.root / "a.mp3")
    synced.follow(Touched("a.mp3"))
    assert synced.rows() == rows
    assert synced.queued() == 0


def test_the_last_track_goes_when_its_deletion_was_told(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    os.unlink(synced.root / "a.mp3")
    synced.follow(Departed("a.mp3"))
    assert synced.rows() == {}


def test_hints_about_more_folders_than_are_worth_it_ask_for_one_scan(synced: Synced) -> None:
    folders = [FolderAppeared(f"{number}") for number in range(FOLDERS_PER_SCAN + 1)]
    assert synced.synchronizer.follow(folders, synced.now)


# -- the folder away --------------------------------------------------------------------------------------------------


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
    synced.follow(*(Departed(path) for path in rows))
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
    synced.follow(*(Departed(path) for path in rows))
    synced.scan()
    assert synced.rows() == rows
    assert "no music" in (synced.synchronizer.held or "")


def test_a_slow_deletion_of_everything_deletes_nothing(synced: Synced) -> None:
    rows = analyzed(synced, *(f"{number}.mp3" for number in range(30)))
    for path in rows:
        os.unlink(synced.root / path)
        synced.synchronizer.follow([Departed(path)], synced.now)
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
    with synced.rooms.database.transaction() as connection:
        connection.execute("UPDATE files SET device = device + 1 WHERE id = ?", (rows["disk/b.mp3"],))
    os.unlink(synced.root / "disk" / "b.mp3")
    assert synced.scan().kept == 1
    assert synced.rows() == rows


# -- any order of things ----------------------------------------------------------------------------------------------

FOLDERS = st.sampled_from(["", "a", "a/b", "c"])
TRACK_NAMES = st.sampled_from(["1.mp3", "2.mp3", "\udcff.mp3"])
NAMES = TRACK_NAMES | st.just("x.part")


class Folder(RuleBasedStateMachine):
    """Files are made, rewritten, renamed and deleted, with and without a word; a scan then makes the two agree."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="playlista-folder-"))
        (self.base / "music").mkdir()
        (self.base / "data").mkdir()
        self.rooms_context = open_rooms(self.base / "data", synced=False)
        self.rooms = self.rooms_context.__enter__()
        self.synced = Synced(self.base / "music", self.rooms)
        make_old(self.synced.root, "anchor.mp3", content=b"x" * 10_000)  # the folder is never empty
        self.hints: list[Hint] = []
        self.lost = False
        #: Each content has its own size, by which it is told from all others.
        self.contents = 0
        self.analyzed: list[int] = []

    def teardown(self) -> None:
        self.rooms_context.__exit__(None, None, None)
        shutil.rmtree(self.base)

    @rule(folder=FOLDERS, name=NAMES, told=st.booleans())
    def write(self, folder: str, name: str, told: bool) -> None:
        self.contents += 1
        path = os.path.join(folder, name)
        make_old(self.synced.root, path, content=b"x" * self.contents)
        self.tell(Touched(path), told)

    @rule(folder=FOLDERS, name=NAMES, new_folder=FOLDERS, new_name=TRACK_NAMES, told=st.booleans())
    def rename(self, folder: str, name: str, new_folder: str, new_name: str, told: bool) -> None:
        path, new_path = os.path.join(folder, name), os.path.join(new_folder, new_name)
        if (self.synced.root / path).is_file():
            os.makedirs(self.synced.root / new_folder, exist_ok=True)
            os.replace(self.synced.root / path, self.synced.root / new_path)
            self.tell(Touched(new_path) if name.endswith(".part") else Moved(path, new_path), told)

    @rule(folder=st.sampled_from(["a", "c"]), told=st.booleans())
    def rename_folder(self, folder: str, told: bool) -> None:
        if (self.synced.root / folder).is_dir() and not (self.synced.root / "moved").exists():
            os.rename(self.synced.root / folder, self.synced.root / "moved")
            self.tell(Moved(folder, "moved"), told)

    @rule(told=st.booleans())
    def rename_folder_back(self, told: bool) -> None:
        if (self.synced.root / "moved").is_dir() and not (self.synced.root / "c").exists():
            os.rename(self.synced.root / "moved", self.synced.root / "c")
            self.tell(Moved("moved", "c"), told)

    @rule(folder=FOLDERS, name=NAMES, told=st.booleans())
    def delete(self, folder: str, name: str, told: bool) -> None:
        path = os.path.join(folder, name)
        (self.synced.root / path).unlink(missing_ok=True)
        self.tell(Departed(path), told)

    def tell(self, hint: Hint, told: bool) -> None:
        """An event that is told, unless the kernel lost it, which the kernel tells."""
        self.lost |= not told
        if told and not hint.path.endswith(".part"):
            self.hints.append(hint)

    @rule()
    def hear(self) -> None:
        hints, lost, self.hints, self.lost = self.hints, self.lost, [], False
        self.synced.follow(*hints, lost=lost)

    @rule(told_before=st.booleans())
    def scan_and_agree(self, told_before: bool) -> None:
        if told_before:
            self.hear()
        self.synced.scan()
        self.synced.follow()
        self.synced.scan()
        on_disk = {
            os.path.relpath(os.path.join(place, name), self.synced.root): os.path.getsize(os.path.join(place, name))
            for place, _, names in os.walk(self.synced.root)
            for name in names
            if name.endswith(".mp3")
        }
        known = {known.file.path: known.file.size_bytes for known in self.synced.rooms.library.page()}
        assert known == on_disk
        while (job := self.rooms.queue.claim()) is not None:
            self.analyzed.append(job.file.size_bytes)
            self.rooms.queue.finish(job, analysis_of(job.file.path, bpm=float(job.file.size_bytes)))
        results = {result.path: result.rhythm and result.rhythm.bpm for result in self.rooms.store.iterate()}
        assert results == on_disk, "a result belongs to other bytes"
        assert len(self.analyzed) == len(set(self.analyzed)), "the same bytes were analyzed twice"


TestFolder = Folder.TestCase
TestFolder.settings = settings(max_examples=50, stateful_step_count=40)
