"""Fails when a stage of the analysis has become dearer in CPU time: ``make bench-guard``, a step of its own.

It is no test of correctness and no part of ``make test``: what it measures is time. The limits are six tenths more than
what was measured (figures next to them; CPython 3.11, an EPYC with AVX-512; OpenBLAS's kernels SkylakeX, Haswell, Zen
and Sandybridge differ by 15 % at most, since products are measured by products). Other work on the machine can only
add: a stage that is over its limit is measured again, and the least counts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.guard import measure
from benchmarks.stages import STAGES
from playlista.features.spectral.accumulator import SpectralAccumulator
from tests.benchmarks.guarded import SONG_SECONDS, Analyze, Guarded, guarded

pytestmark = pytest.mark.cost

#: Yardsticks for a minute of a stereo FLAC at 44.1 kHz, and what was measured.
LIMITS = {
    "decode": 62,  # 39, the check of the MD5 in it
    "resample": 33,  # 20.5
    "rhythm": 29,  # 18.4
    "tonal": 17.5,  # 10.9
    "loudness": 42,  # 26
    "spectral": 19,  # 11.8
    "tags": 61,  # 38.5, numpy
    "health": 105,  # 66, most of it the codec grids, which cost the same for a track of any length
    "fingerprint": 13,  # 8.1
    "other": 17,  # 10.5
}
#: Yardsticks for a whole track of one second, most of it what every track costs once; 12.5 measured.
SHORT_LIMIT = 20
#: Measurements until one of them is accepted: nine rounds each.
ATTEMPTS = 5


@pytest.fixture(scope="module")
def tracks(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return guarded(tmp_path_factory.mktemp("guard"), models_dir)


@pytest.fixture(scope="module")
def ratios(tracks: Guarded) -> dict[str, float]:
    return least(tracks.song, LIMITS)


def least(analyze: Analyze, limits: dict[str, float]) -> dict[str, float]:
    """The least ratio of each stage, of as many measurements as it takes until all are within `limits`."""
    found = measure(analyze, SONG_SECONDS)
    for _ in range(ATTEMPTS - 1):
        if all(found[stage] <= limit for stage, limit in limits.items()):
            break
        again = measure(analyze, SONG_SECONDS)
        found = {stage: min(found[stage], again[stage]) for stage in found}
    return found


@pytest.mark.parametrize("stage", [*STAGES, "other"])
def test_a_stage_costs_no_more_than_its_limit(ratios: dict[str, float], stage: str) -> None:
    assert ratios[stage] <= LIMITS[stage]


def test_a_short_track_costs_no_more_than_the_limit(tracks: Guarded) -> None:
    yardsticks = (sum(measure(tracks.short, 60).values()) for _ in range(ATTEMPTS))  # as of a minute: for a track
    assert any(measured <= SHORT_LIMIT for measured in yardsticks)


def test_a_stage_that_does_its_work_four_times_breaks_its_limit_and_no_other(
    tracks: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = SpectralAccumulator.update

    def four_times(accumulator: SpectralAccumulator, chunk: object) -> None:
        for _ in range(4):
            once(accumulator, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(SpectralAccumulator, "update", four_times)
    ratios = least(tracks.song, {stage: limit for stage, limit in LIMITS.items() if stage != "spectral"})
    assert [stage for stage, limit in LIMITS.items() if ratios[stage] > limit] == ["spectral"]
