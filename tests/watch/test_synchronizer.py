"""The library against a real folder, by scans: afterwards the two agree, and results have survived."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.exhaustive import but_few, exhaustive
from tests.libraries import open_parts
from tests.places import unprivileged_folder
from tests.watch.folders import make, make_old
from tests.watch.synced import SETTLE_SECONDS, Synced, analyzed


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
    assert synced.parts.store.get("a.mp3") is None
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


@pytest.mark.parametrize("files", [1_000, *exhaustive([10_000])])
@pytest.mark.parametrize("restarted", but_few([False, True], True))
def test_thousands_of_renames_are_no_second_analysis(synced: Synced, restarted: bool, files: int) -> None:
    paths = [f"old {number % 7}/{number}.mp3" for number in range(files)]
    make_old(synced.root, *paths)
    synced.scan()
    rows = synced.rows()
    new_path = {path: f"new {number % 11}/{number}.mp3" for number, path in enumerate(paths)}
    for path, new in new_path.items():
        os.makedirs(os.path.dirname(synced.root / new), exist_ok=True)
        os.rename(synced.root / path, synced.root / new)
    if restarted:
        synced.restart()
    assert synced.scan().moved == files
    assert synced.rows() == {new_path[path]: row for path, row in rows.items()}
    assert synced.queued() == files, "the jobs that they had, and no other"


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


def test_names_sizes_and_times_do_not_move_a_result_from_one_file_to_another(synced: Synced) -> None:
    """`cp -a Pack Pack2; rm -r Pack; mv Pack2 Pack`, with loops of one name, size and time in two folders."""
    for folder, content in (("Drums", b"drum"), ("Bass", b"bass")):
        make(synced.root, f"Pack/{folder}/Loop01.wav", content=content)
        os.utime(synced.root / "Pack" / folder / "Loop01.wav", ns=(0, 10**18))
    synced.scan()
    for _ in range(2):
        job = synced.claim()
        assert job is not None
        synced.finish(job, bpm=float((synced.root / job.file.path).read_bytes() == b"drum"))
    shutil.copytree(synced.root / "Pack", synced.root / "Pack2")
    shutil.rmtree(synced.root / "Pack")
    os.rename(synced.root / "Pack2", synced.root / "Pack")
    synced.scan()
    assert synced.queued() == 0
    results = {one.path: one.rhythm and one.rhythm.bpm for one in synced.parts.results()}
    assert results == {"Pack/Bass/Loop01.wav": 0.0, "Pack/Drums/Loop01.wav": 1.0}


def test_a_copy_and_a_hard_link_are_files_of_their_own(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    shutil.copy2(synced.root / "a.mp3", synced.root / "copy.mp3")
    os.link(synced.root / "a.mp3", synced.root / "link.mp3")
    os.utime(synced.root / "copy.mp3", ns=(0, (synced.root / "a.mp3").stat().st_mtime_ns))
    synced.scan()
    synced.follow()
    assert sorted(synced.rows()) == ["a.mp3", "copy.mp3", "link.mp3"]
    assert synced.queued() == 0  # their bytes are known


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
        with open_parts(folder / "data") as parts:
            synced = Synced(folder / "music", parts)
            rows = analyzed(synced, "a.mp3", "locked/b.mp3", "z.mp3")
            (synced.root / "locked").chmod(0)
            os.unlink(synced.root / "z.mp3")
            report = synced.scan()
            assert (report.unreadable, report.kept, report.gone) == (1, 1, 1)
            assert synced.rows() == {path: rows[path] for path in ("a.mp3", "locked/b.mp3")}
