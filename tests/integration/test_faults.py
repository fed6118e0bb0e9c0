"""The soak's proofs in seconds: the same code on fewer files. `make soak` runs them whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cgroups import why_not
from tests.soak import folders, http, kills, mutants, poison, power, tags
from tests.soak.findings import Finding
from tests.soak.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, scale=0.01)


def missed(findings: list[Finding]) -> list[str]:
    """What is not as it should be. How long it took is the soak's affair: here the machine may have other work."""
    return [f"{one.what}: {one.figure}, not {one.bar}" for one in findings if one.missed and not one.timed]


@pytest.mark.exhaustive
def test_kills_at_random_moments_lose_and_double_nothing_and_each_interrupted_track_is_named(place: Place) -> None:
    assert missed(kills.run(place)) == []


@pytest.mark.exhaustive
def test_a_file_that_takes_all_the_memory_is_quarantined_and_the_others_are_analyzed(place: Place) -> None:
    if trouble := why_not():
        pytest.skip(trouble)
    assert missed(poison.oom(place)) == []


@pytest.mark.exhaustive
def test_a_file_that_crashes_libsndfile_is_quarantined_and_the_others_are_analyzed(place: Place) -> None:
    if poison.compiled(place.folder) is None:
        pytest.skip("there is no C compiler to build a decoder with a bug")
    assert missed(poison.segfault(place)) == []


def test_odd_names_are_analyzed_stored_byte_for_byte_and_shown(place: Place) -> None:
    assert missed(folders.names(place)) == []


@pytest.mark.exhaustive
def test_mutants_of_every_format_through_the_daemon_end_in_words(tmp_path: Path) -> None:
    assert missed(mutants.run(Place(tmp_path, scale=0.005))) == []


def test_what_was_told_is_on_the_disk_when_the_power_goes(place: Place) -> None:
    if trouble := power.why_not():
        pytest.skip(trouble)
    assert missed(power.run(place)) == []


@pytest.mark.exhaustive
def test_a_write_of_tags_that_is_killed_harms_no_file_and_the_next_start_clears_up(place: Place) -> None:
    assert missed(tags.kill_writes(place)) == []


@pytest.mark.exhaustive
def test_hostile_requests_neither_end_the_daemon_nor_stay_without_an_answer_nor_make_it_grow(place: Place) -> None:
    if trouble := why_not():
        pytest.skip(trouble)
    assert missed(http.run(place)) == []
