"""Results: what goes in comes out, and only what is outdated is named."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlista.errors import FailureReason
from playlista.library.results import OutdatedGroups
from playlista.library.stored_results import PAGE_ROWS, StoredResults
from playlista.library.vectors import Vectors
from playlista.tracks import FEATURE_GROUPS, Analysis, Audio, Status, Tagging
from playlista.tracks.origin import Origin
from tests.exhaustive import examples
from tests.libraries import Parts, analysis_of, failed_analysis, open_parts, track_file


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def older_than(**current: int) -> OutdatedGroups:
    """Groups are outdated by their versions alone."""

    def outdated_groups(versions: Mapping[str, int], _settings: Mapping[str, Mapping[str, int]]) -> frozenset[str]:
        return frozenset(group for group, number in current.items() if versions.get(group, 0) < number)

    return outdated_groups


def store(parts: Parts, analysis: Analysis) -> None:
    """As the worker does it."""
    parts.queue.enqueue([track_file(analysis.path)], "scan")
    job = parts.queue.claim()
    assert job is not None
    assert parts.queue.finish(job, analysis)
    parts.clock.now += 1


def test_a_result_comes_back_as_it_went_in(parts: Parts) -> None:
    result = analysis_of("a.mp3")
    store(parts, result)
    assert parts.store.get("a.mp3") == result
    assert parts.store.get("b.mp3") is None


def test_a_result_without_tags_has_no_embedding_left_from_the_former(parts: Parts) -> None:
    store(parts, analysis_of("a.mp3"))
    without = replace(analysis_of("a.mp3"), tagging=None)
    store(parts, without)
    assert parts.store.get("a.mp3") == without
    assert Vectors(parts.database).dimensions() == 0


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PATHS = st.binary(min_size=1, max_size=40).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"/")))
RESULTS = st.builds(
    Analysis,
    path=PATHS,
    status=st.sampled_from(list(Status)),
    reason=st.sampled_from(list(FailureReason)),
    detail=TEXTS | PATHS,
    audio=st.builds(Audio, *[NUMBERS] * 2, st.none() | NUMBERS, st.just(44100), st.just(2), TEXTS, st.booleans()),
    tagging=st.builds(
        Tagging,
        st.dictionaries(TEXTS, NUMBERS),
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1).map(tuple),
        st.just(1),
        st.booleans(),
        st.just("essentia"),
    ),
    versions=st.dictionaries(st.text("abc"), st.integers(0, 2**31)),
)


@settings(max_examples=examples(50))
@given(RESULTS)
def test_any_result_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, result: Analysis) -> None:
    with open_parts(tmp_path_factory.mktemp("library"), synced=False) as parts:
        store(parts, result)
        assert parts.store.get(result.path) == result
        assert list(parts.results()) == [result]


def test_a_number_that_is_not_finite_is_refused_before_anything_is_written(parts: Parts) -> None:
    store(parts, analysis_of("a.mp3"))
    parts.queue.retry(["a.mp3"])
    job = parts.queue.claim()
    assert job is not None
    with pytest.raises(ValueError, match="JSON"):
        parts.queue.finish(job, analysis_of("a.mp3", bpm=float("nan")))
    assert parts.store.get("a.mp3") == analysis_of("a.mp3")


def test_results_stream_in_the_order_of_their_paths_bytes_page_after_page(parts: Parts) -> None:
    names = ["B.mp3", "a/z.mp3", "a b.mp3", "ä.mp3", "\udcff.mp3", "Z\n.mp3"]
    paths = names + [f"many/{number:04}.mp3" for number in range(PAGE_ROWS)]
    for path in paths:
        store(parts, analysis_of(path))
    assert [result.path for result in parts.results()] == sorted(paths, key=os.fsencode)


def test_a_page_starts_after_a_path_and_can_be_of_one_status(parts: Parts) -> None:
    for path in ("a.mp3", "b.mp3", "c.mp3", "d.mp3"):
        store(parts, failed_analysis(path) if path in {"b.mp3", "d.mp3"} else analysis_of(path))
    results = StoredResults(parts.database)
    assert [result.path for result in results.page(after="a.mp3", limit=2)] == ["b.mp3", "c.mp3"]
    assert [result.path for result in results.page(status=Status.FAILED, after="b.mp3")] == ["d.mp3"]


def test_only_groups_that_are_older_or_missing_are_outdated(parts: Parts) -> None:
    store(parts, analysis_of("current.mp3", rhythm=2, tags=1))
    store(parts, analysis_of("old rhythm.mp3", rhythm=1, tags=1))
    store(parts, analysis_of("no tags.mp3", rhythm=2))
    store(parts, analysis_of("newer.mp3", rhythm=3, tags=1))
    outdated = {
        groups: [file.path for file in files] for groups, files in parts.store.outdated(older_than(rhythm=2, tags=1))
    }
    assert outdated == {frozenset({"rhythm"}): ["old rhythm.mp3"], frozenset({"tags"}): ["no tags.mp3"]}


def test_a_group_that_this_daemon_cannot_compute_makes_nothing_outdated(parts: Parts) -> None:
    store(parts, analysis_of("a.mp3", rhythm=1, tags=1))
    assert list(parts.store.outdated(older_than(rhythm=1))) == []


def test_failed_files_are_not_outdated(parts: Parts) -> None:
    store(parts, failed_analysis("a.mp3"))
    assert list(parts.store.outdated(older_than(rhythm=1))) == []


def test_results_made_with_other_settings_are_outdated_in_their_groups(parts: Parts) -> None:
    store(parts, replace(analysis_of("a.mp3"), settings={"rhythm": {"sample_rate_hz": 22050}, "tags": {}}))
    store(parts, replace(analysis_of("b.mp3"), settings={"rhythm": {"sample_rate_hz": 16000}, "tags": {}}))

    def made_at_another_rate(_versions: Mapping[str, int], settings: Mapping[str, Mapping[str, int]]) -> frozenset[str]:
        return frozenset(group for group, made in settings.items() if made.get("sample_rate_hz", 22050) != 22050)

    outdated = [(groups, [file.path for file in files]) for groups, files in parts.store.outdated(made_at_another_rate)]
    assert outdated == [(frozenset({"rhythm"}), ["b.mp3"])]


def test_results_that_say_no_settings_are_of_those_of_the_first_start_with_this_version(parts: Parts) -> None:
    store(parts, analysis_of("a.mp3"))
    with parts.database.transaction() as connection:  # as version 0.1 left them
        connection.execute("UPDATE analyses SET result = json_remove(result, '$.settings')")
        connection.execute("DELETE FROM origins")
    for rate_hz in (22050, 16000):
        parts.store.remember_old_settings({group: {"sample_rate_hz": rate_hz} for group in FEATURE_GROUPS})
    old = parts.store.get("a.mp3")
    assert old is not None
    assert old.settings == {"rhythm": {"sample_rate_hz": 22050}, "tags": {"sample_rate_hz": 22050}}


def test_results_are_found_by_the_bytes_and_by_how_the_music_begins(parts: Parts) -> None:
    store(parts, replace(analysis_of("album/a.mp3"), origin=Origin(b"bytes", b"sound", b"opening")))
    store(parts, replace(analysis_of("copy/a.mp3"), origin=Origin(b"bytes", b"sound", b"opening")))
    store(parts, replace(analysis_of("b.mp3"), origin=Origin(b"other", b"silence", None)))
    assert sorted(one.path for one in parts.store.with_content(b"bytes")) == ["album/a.mp3", "copy/a.mp3"]
    assert [one.origin.sound for one in parts.store.with_opening(b"opening")] == [b"sound"] * 2
    assert parts.store.with_content(b"none") == parts.store.with_opening(b"none") == []


def test_what_a_newer_version_stored_is_read_without_what_is_new_in_it(parts: Parts) -> None:
    store(parts, analysis_of("a.mp3"))
    with parts.database.transaction() as connection:
        document = json.loads(connection.execute("SELECT result FROM analyses").fetchone()[0])
        document["mood"] = {"energy": 0.5}
        document["reason"] = "too_loud"
        for group in ("audio", "rhythm", "timings", "tagging"):
            document[group]["newer"] = [1, 2]
        connection.execute("UPDATE analyses SET reason = 'too_loud', result = ?", (json.dumps(document),))
    expected = analysis_of("a.mp3")
    found = parts.store.get("a.mp3")
    assert found is not None
    assert (found.rhythm, found.audio, found.tagging) == (expected.rhythm, expected.audio, expected.tagging)
    assert found.reason is FailureReason.INTERNAL
    assert [one.reason for one in parts.overview.failures()] == [FailureReason.INTERNAL]
