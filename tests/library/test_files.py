"""The known files: moved, displaced, forgotten, with what hangs on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.library.file_rows import DISPLACED, as_stored, same_content
from playlista.library.vectors import Vectors
from playlista.tracks import TrackFile
from tests.libraries import Parts, analysis_of, open_parts, quick_check, track_file


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def know(parts: Parts, *paths: str) -> dict[str, int]:
    """Files with results; their rows by path."""
    parts.queue.enqueue(map(track_file, paths), "scan")
    while (job := parts.queue.claim()) is not None:
        parts.queue.finish(job, analysis_of(job.file.path, bpm=float(job.file_id)))
    return {known.file.path: known.file_id for known in parts.library.page()}


def bpms(parts: Parts) -> dict[str, float | None]:
    return {result.path: result.rhythm and result.rhythm.bpm for result in parts.results()}


def test_files_are_paged_in_the_order_of_their_paths_bytes(parts: Parts) -> None:
    paths = ["a/b.mp3", "a b.mp3", "a.mp3", "\udcff.mp3", "Z.mp3", "a/b/c.mp3"]
    know(parts, *paths)
    first = parts.library.page(limit=4)
    rest = parts.library.page(after=first[-1].file.path)
    assert [known.file.path for known in first + rest] == sorted(paths, key=os.fsencode)


def test_a_page_of_a_folder_has_what_is_below_it_and_nothing_that_only_begins_alike(parts: Parts) -> None:
    know(parts, "a/1.mp3", "a/b/2.mp3", "a b/3.mp3", "a0/4.mp3", "a.mp3")
    assert [known.file.path for known in parts.library.page(folder="a")] == ["a/1.mp3", "a/b/2.mp3"]


@pytest.mark.parametrize(
    "odd",
    [
        TrackFile("a.mp3", 2**64 - 1, 2**64 - 2, 5, 6),
        TrackFile("a.mp3", 1, 1, 5, 2**63 + 5),  # after the year 2262
        TrackFile("a.mp3", 1, 1, 5, -1),  # before 1970
        TrackFile("caf\udce9\n\x01.mp3", 1, 1, 0, 0),
        TrackFile("/".join(["d" * 255] * 15) + "/" + "f" * 251 + ".mp3", 1, 1, 1, 1),
    ],
    ids=["64-bit-inode", "2262", "1969", "not-utf-8", "4096-bytes"],
)
def test_whatever_stat_says_is_stored_and_recognized(parts: Parts, odd: TrackFile) -> None:
    parts.queue.enqueue([odd], "scan")
    known = parts.library.get(odd.path)
    assert known is not None
    assert known.file == as_stored(odd)
    assert [twin.file_id for twin in parts.library.twins(odd)] == [known.file_id]


def test_content_is_the_same_by_size_and_time_and_on_one_device_by_inode_where_it_lasts() -> None:
    file = track_file("a.mp3", inode=5, device=1)
    assert same_content(file, replace(file, path="b.mp3"))
    assert same_content(file, replace(file, device=2, inode=6))
    assert not same_content(file, replace(file, inode=6))
    assert same_content(file, replace(file, inode=0))
    assert not same_content(file, replace(file, size_bytes=1))
    assert not same_content(file, replace(file, mtime_ns=1))


def test_content_is_not_the_same_when_the_change_time_moved_if_both_times_are_known() -> None:
    file = replace(track_file("a.mp3"), ctime_ns=5)
    assert same_content(file, file)
    assert not same_content(file, replace(file, ctime_ns=6))
    assert same_content(file, replace(file, ctime_ns=0))
    assert same_content(replace(file, ctime_ns=0), file)


def test_a_moved_file_keeps_its_result(parts: Parts) -> None:
    rows = know(parts, "a.mp3")
    assert not parts.library.move([(rows["a.mp3"], track_file("b/c.mp3"))])
    assert bpms(parts) == {"b/c.mp3": rows["a.mp3"]}


def test_files_renamed_in_a_ring_keep_their_results(parts: Parts) -> None:
    rows = know(parts, "a.mp3", "b.mp3", "c.mp3")
    ring = {"a.mp3": "b.mp3", "b.mp3": "c.mp3", "c.mp3": "a.mp3"}
    assert parts.library.move((rows[old], track_file(new)) for old, new in ring.items())
    assert bpms(parts) == {new: rows[old] for old, new in ring.items()}


def test_a_file_whose_path_is_taken_is_displaced_with_its_result(parts: Parts) -> None:
    rows = know(parts, "a.mp3", "b.mp3")
    assert parts.library.move([(rows["a.mp3"], track_file("b.mp3"))])
    (displaced,) = parts.library.page(folder=DISPLACED.rstrip("/"))
    assert displaced.file_id == rows["b.mp3"]
    assert bpms(parts) == {"b.mp3": rows["a.mp3"], displaced.file.path: rows["b.mp3"]}


def test_a_forgotten_file_takes_its_result_its_vector_and_its_job_along(parts: Parts) -> None:
    rows = know(parts, "a.mp3", "b.mp3")
    parts.queue.retry(["a.mp3"])
    assert parts.library.forget([rows["a.mp3"]]) == 1
    assert list(bpms(parts)) == ["b.mp3"]
    assert parts.overview.job_counts()["queued"] == 0
    assert Vectors(parts.database).of_ids(rows.values(), 200).ids.tolist() == [rows["b.mp3"]]
    assert quick_check(parts.database) == []


def test_ten_thousand_files_are_moved_in_one_go(parts: Parts) -> None:
    parts.queue.enqueue((track_file(f"old/{number:05}.mp3", inode=number) for number in range(10_000)), "scan")
    rows = parts.library.page(limit=10_000)
    parts.library.move((known.file_id, replace(known.file, path=f"new{known.file.path[3:]}")) for known in rows)
    assert [known.file_id for known in parts.library.page(folder="new", limit=10_000)] == [
        known.file_id for known in rows
    ]
    assert parts.library.page(folder="old") == []


def test_a_sample_is_spread_over_all_rows(parts: Parts) -> None:
    parts.queue.enqueue((track_file(f"{number:04}.mp3") for number in range(1000)), "scan")
    sample = parts.library.sample(10)
    assert [file.path for file in sample] == [f"{number:04}.mp3" for number in range(0, 1000, 100)]
    parts.library.forget(range(1, 996))
    assert {file.path for file in parts.library.sample(10)} <= {f"{number:04}.mp3" for number in range(995, 1000)}


def test_a_fact_is_remembered_until_another_replaces_it(parts: Parts) -> None:
    assert parts.library.recall("folder") is None
    parts.library.remember("folder", "one")
    parts.library.remember("folder", "two")
    assert parts.library.recall("folder") == "two"
