"""The library against a real folder, by path events: what an event tells is looked at, and leads to no more."""

from __future__ import annotations

import os
from pathlib import Path

from playlista.watch.path_events import PathEvents
from playlista.watch.synchronizer import FOLDERS_PER_SCAN
from tests.watch.folders import make, make_old
from tests.watch.synced import Synced, analyzed


def test_a_touched_file_settles_and_is_enqueued(synced: Synced) -> None:
    make(synced.root, "a.mp3")
    synced.follow("a.mp3")
    assert synced.queued() == 1


def test_an_event_at_an_unchanged_file_leads_to_nothing(synced: Synced) -> None:
    """As of our own reading of it, or of a change of its rights."""
    analyzed(synced, "a.mp3")
    synced.follow("a.mp3", "a.mp3")
    assert synced.queued() == 0


def test_a_moved_file_keeps_its_result_at_once(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3")
    os.rename(synced.root / "a.mp3", synced.root / "b.mp3")
    synced.synchronizer.follow(["a.mp3", "b.mp3"], synced.now)
    assert synced.rows() == {"b.mp3": rows["a.mp3"]}


def test_a_chain_of_moves_told_late_ends_where_the_file_is(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3", "z.mp3")
    os.rename(synced.root / "a.mp3", synced.root / "c.mp3")
    synced.follow("a.mp3", "b.mp3", "b.mp3", "c.mp3")
    assert synced.rows() == {"c.mp3": rows["a.mp3"], "z.mp3": rows["z.mp3"]}
    assert synced.queued() == 0


def test_a_move_of_which_only_the_halves_were_told_keeps_the_result(synced: Synced) -> None:
    rows = analyzed(synced, "a.mp3", "z.mp3")
    os.rename(synced.root / "a.mp3", synced.root / "b.mp3")
    synced.follow("b.mp3", "a.mp3")
    assert synced.rows() == {"b.mp3": rows["a.mp3"], "z.mp3": rows["z.mp3"]}
    assert synced.queued() == 0


def test_a_finished_download_is_enqueued_under_its_final_name(synced: Synced) -> None:
    make(synced.root, "a.mp3")
    synced.follow("a.mp3")
    assert list(synced.rows()) == ["a.mp3"]


def test_an_atomic_replacement_is_analyzed_again_once(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    make(synced.root, "new.tmp", content=b"other bytes")
    os.replace(synced.root / "new.tmp", synced.root / "a.mp3")
    synced.follow("a.mp3", "a.mp3")
    assert synced.analyze_all() == 1


def test_a_moved_folder_keeps_all_results(synced: Synced) -> None:
    rows = analyzed(synced, "old/a.mp3", "old/deep/b.mp3", "other.mp3")
    os.rename(synced.root / "old", synced.root / "new")
    synced.follow("old", "new")
    assert synced.rows() == {
        "new/a.mp3": rows["old/a.mp3"],
        "new/deep/b.mp3": rows["old/deep/b.mp3"],
        "other.mp3": rows["other.mp3"],
    }
    assert synced.queued() == 0


def test_a_folder_that_was_renamed_and_made_anew_keeps_the_results_of_its_files(synced: Synced) -> None:
    rows = analyzed(synced, "c/old.mp3", "z.mp3")
    os.rename(synced.root / "c", synced.root / "moved")
    make_old(synced.root, "c/new.mp3", content=b"other")
    synced.follow("c", "moved")
    assert synced.rows().items() >= {"moved/old.mp3": rows["c/old.mp3"], "z.mp3": rows["z.mp3"]}.items()
    assert synced.queued() == 1


def test_a_folder_moved_in_is_taken_and_one_moved_out_goes(synced: Synced, tmp_path: Path) -> None:
    analyzed(synced, "stays.mp3", "goes/a.mp3", "goes/deep/b.mp3")
    make_old(tmp_path, "outside/c.mp3", "outside/deep/d.mp3")
    os.rename(tmp_path / "outside", synced.root / "came")
    os.rename(synced.root / "goes", tmp_path / "gone")
    synced.follow("came", "goes")
    assert sorted(synced.rows()) == ["came/c.mp3", "came/deep/d.mp3", "stays.mp3"]


def test_a_file_that_departed_and_came_back_within_the_grace_keeps_its_result(synced: Synced, tmp_path: Path) -> None:
    rows = analyzed(synced, "a.mp3", "z.mp3")
    os.rename(synced.root / "a.mp3", tmp_path / "a.mp3")
    synced.synchronizer.follow(["a.mp3"], synced.now)
    os.rename(tmp_path / "a.mp3", synced.root / "a.mp3")
    synced.follow("a.mp3")
    assert synced.rows() == rows
    assert synced.queued() == 0  # its change time moved with its name, and its bytes are the same


def test_the_last_track_goes_when_its_deletion_was_told(synced: Synced) -> None:
    analyzed(synced, "a.mp3")
    os.unlink(synced.root / "a.mp3")
    synced.follow("a.mp3")
    assert synced.rows() == {}


def test_events_in_more_folders_than_are_worth_it_ask_for_one_scan(synced: Synced) -> None:
    folders = [f"{number}" for number in range(FOLDERS_PER_SCAN + 1)]
    for folder in folders:
        (synced.root / folder).mkdir()
    assert synced.synchronizer.follow(folders, synced.now)


def test_a_file_that_was_replaced_within_a_tick_is_analyzed_again_whatever_was_told_in_which_order(
    synced: Synced,
) -> None:
    """mp3gain writes a copy, removes the file, and renames the copy: written, deleted, and there again."""
    analyzed(synced, "a.mp3", "z.mp3")
    make(synced.root, "a.mp3", content=b"other bytes")
    events = PathEvents()
    for path in ("a.mp3", "tmp.mp3", "a.mp3", "a.mp3"):
        events.put(path)
    synced.follow(*events.take()[0])
    assert synced.queued() == 1


def test_a_file_written_removed_and_renamed_into_place_within_a_tick_is_taken(synced: Synced) -> None:
    analyzed(synced, "z.mp3")
    make(synced.root, "new.mp3.part")
    os.rename(synced.root / "new.mp3.part", synced.root / "new.mp3")
    synced.follow("new.mp3", "new.mp3")
    assert sorted(synced.rows()) == ["new.mp3", "z.mp3"]


def test_a_write_through_one_name_of_a_file_is_seen_at_its_other_names(synced: Synced) -> None:
    linked(synced, "a.mp3", "link.mp3")
    with (synced.root / "link.mp3").open("r+b") as file:
        file.write(b"loud")
    synced.follow("link.mp3")
    assert first_bytes_analyzed(synced) == {"a.mp3": ord("l"), "link.mp3": ord("l")}


def test_a_file_that_replaced_one_of_two_names_leaves_the_other_alone(synced: Synced) -> None:
    linked(synced, "a.mp3", "link.mp3")
    make(synced.root, "new.tmp", content=b"loud")
    os.replace(synced.root / "new.tmp", synced.root / "link.mp3")
    synced.follow("link.mp3")
    assert first_bytes_analyzed(synced) == {"a.mp3": ord("s"), "link.mp3": ord("l")}


def linked(synced: Synced, name: str, link: str) -> None:
    """A file with two names, both analyzed."""
    make_old(synced.root, name, content=b"soft and long")
    os.link(synced.root / name, synced.root / link)
    synced.scan()
    assert set(first_bytes_analyzed(synced).values()) == {ord("s")}


def first_bytes_analyzed(synced: Synced) -> dict[str, float | None]:
    """By path, the first byte of the file when it was analyzed, which stands for its tempo."""
    while (job := synced.claim()) is not None:
        synced.finish(job, bpm=float((synced.root / job.file.path).read_bytes()[0]))
    return {one.path: one.rhythm and one.rhythm.bpm for one in synced.parts.results()}
