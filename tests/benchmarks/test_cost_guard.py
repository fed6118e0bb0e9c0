"""Fails when the analysis of a track has come to call more, in any stage: counts, which repeat exactly everywhere.

What a kernel costs in time shows in ``make bench-guard`` (test_stage_costs.py). The limits are a quarter more than what
was measured (figures next to them; CPython 3.11). Raise one only with the reason in the commit; lower it when something
was made faster.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.guard import count_calls
from benchmarks.stages import STAGES
from playlista.features.spectral.accumulator import SpectralAccumulator
from tests.benchmarks.guarded import SONG_SECONDS, Guarded, guarded

#: Calls for a second of audio, and what was measured.
LIMITS = {
    "decode": 222,  # 177.7, of which 82 read the file through our own hands
    "resample": 11,  # 8.6
    "rhythm": 252,  # 201.8, of which 20 judge the tempo by its beats
    "tonal": 43,  # 36.8
    "loudness": 193,  # 154.4
    "spectral": 135,  # 112.9
    "tags": 196,  # 156.8, numpy
    "health": 1_487,  # 1218.5, most of them numpy's own
    "fingerprint": 61,  # 48.9
    "other": 80,  # 64.3
}
#: Calls for a whole track of one second, most of which every track takes once; 11,937 measured.
SHORT_LIMIT = 15_000


@pytest.fixture(scope="module")
def tracks(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    made = guarded(tmp_path_factory.mktemp("guard"), models_dir)
    made.song()  # tables are made, libraries loaded
    return made


@pytest.fixture(scope="module")
def calls(tracks: Guarded) -> dict[str, float]:
    """By stage, for a second of audio."""
    return per_second(count_calls(tracks.song))


def per_second(calls: Mapping[str, int]) -> dict[str, float]:
    return {stage: calls[stage] / SONG_SECONDS for stage in LIMITS}


@pytest.mark.parametrize("stage", [*STAGES, "other"])
def test_a_stage_takes_no_more_calls_than_its_limit(calls: dict[str, float], stage: str) -> None:
    assert calls[stage] <= LIMITS[stage]


def test_no_limit_is_so_wide_that_it_guards_nothing(calls: dict[str, float]) -> None:
    """Twice the work must break it."""
    assert {stage: 2 * calls[stage] > LIMITS[stage] for stage in LIMITS} == dict.fromkeys(LIMITS, True)


def test_a_short_track_takes_no_more_calls_than_the_limit(tracks: Guarded) -> None:
    tracks.short()
    calls = sum(count_calls(tracks.short).values())
    assert calls <= SHORT_LIMIT < 2 * calls


def test_a_stage_that_does_its_work_twice_breaks_its_limit_and_no_other(
    tracks: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = SpectralAccumulator.update

    def twice(accumulator: SpectralAccumulator, chunk: object) -> None:
        once(accumulator, chunk)  # type: ignore[arg-type]
        once(accumulator, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(SpectralAccumulator, "update", twice)
    calls = per_second(count_calls(tracks.song))
    assert [stage for stage, limit in LIMITS.items() if calls[stage] > limit] == ["spectral"]


def test_calls_are_counted_to_the_last_one() -> None:
    def work() -> None:
        for _ in range(100):
            abs(-1)

    assert count_calls(work)["other"] - count_calls(lambda: None)["other"] == 100


def test_calls_of_the_garbage_collector_are_not_counted() -> None:
    def interfere(_phase: str, _info: dict[str, int]) -> None:
        abs(-1)

    def work() -> list[list[int]]:
        return [[] for _ in range(100_000)]  # enough for many a collection

    alone = count_calls(work)
    gc.callbacks.append(interfere)
    try:
        assert count_calls(work) == alone
    finally:
        gc.callbacks.remove(interfere)


def test_the_same_track_takes_the_same_number_of_calls_every_time(tracks: Guarded) -> None:
    assert count_calls(tracks.song) == count_calls(tracks.song)
