"""Loudness against EBU Tech 3341 and 3342, against published values, and against two other implementations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.ebu_loudness import CASES, RATES_HZ, Case
from tests.conformance.loudness_rows import (
    FFMPEG_GATED_LUFS,
    SHORTEST_FOR_RANGE_SECONDS,
    ffmpeg_reading,
    measure,
    published_rows,
    recordings,
)
from tests.conformance.made import made_tracks
from tests.exhaustive import but_few
from tests.signals import song

pytestmark = pytest.mark.usefixtures("each_way")
#: What is heard, and how many tracks that are at least.
MUSIC = [("made", 10), pytest.param("recorded", 50, marks=pytest.mark.exhaustive)]
SHORT_MUSIC = [("made", 8), pytest.param("recorded", 10, marks=pytest.mark.exhaustive)]


@pytest.mark.parametrize("rate_hz", but_few(RATES_HZ, 44_100))
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source}: {case.name}")
def test_the_signals_of_the_standards_read_as_prescribed(case: Case, rate_hz: int) -> None:
    measured = case.measure(rate_hz)
    assert case.accepts(measured), f"{measured} for {case.truth} {case.tolerance}"


def test_published_loudness_of_real_files_is_met(shared_audio: Path) -> None:
    rows = list(published_rows(shared_audio))
    assert len(rows) == 3
    assert [row for row in rows if not row.passed] == []


def heard(which: str, shared_folder: Path | None) -> Iterator[tuple[str, NDArray[np.float32], int]]:
    """Made music, or the shared recordings where they are here."""
    if which == "recorded" and shared_folder is None:
        pytest.skip("the shared recordings are not here (../shared/audio)")
    return made_tracks() if shared_folder is None or which == "made" else recordings(shared_folder)


@pytest.mark.parametrize(("which", "least"), MUSIC)
def test_music_reads_as_in_ffmpeg(which: str, least: int, shared_folder: Path | None) -> None:
    compared, apart = 0, []
    for name, track, rate_hz in heard(which, shared_folder):
        theirs = ffmpeg_reading(track, rate_hz)
        ours = measure(track, rate_hz)
        integrated_lufs = FFMPEG_GATED_LUFS if ours.integrated_lufs is None else ours.integrated_lufs
        if abs(integrated_lufs - theirs["I"]) > 0.1:
            apart.append((name, integrated_lufs, theirs["I"]))
        if (
            len(track) >= SHORTEST_FOR_RANGE_SECONDS * rate_hz
            and ours.range_lu is not None
            and abs(ours.range_lu - theirs["LRA"]) > 0.3
        ):
            apart.append((name, ours.range_lu, theirs["LRA"]))
        compared += 1
    assert not apart
    assert compared >= least


@pytest.mark.parametrize(("which", "least"), SHORT_MUSIC)
def test_true_peaks_of_music_read_as_in_ffmpeg(which: str, least: int, shared_folder: Path | None) -> None:
    compared = 0
    for name, track, rate_hz in heard(which, shared_folder):
        # It is slow at this, and prints three decimals of the linear value.
        if len(track) > 6 * rate_hz or np.abs(track).max() < 0.1:
            continue
        readings = ffmpeg_reading(track, rate_hz, ":peak=true")
        theirs = 20 * np.log10(max(value for key, value in readings.items() if key.startswith("true_peaks")))
        # It searches at 192 kHz with another interpolator; two that are right differ by what they miss near 20 kHz.
        assert measure(track, rate_hz).true_peak_dbtp == pytest.approx(theirs, abs=0.2), name
        compared += 1
    assert compared >= least


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_music_reads_as_in_libebur128(rate_hz: int) -> None:
    libebur128 = pytest.importorskip("pyebur128", reason="pyebur128 has no wheel for this Python")
    track = song(30, rate_hz)
    mode = libebur128.MeasurementMode
    state = libebur128.R128State(2, rate_hz, mode.MODE_I | mode.MODE_LRA | mode.MODE_TRUE_PEAK)
    state.add_frames(track.ravel(), len(track))
    measured = measure(track, rate_hz)
    # It keeps the numerator of the 48 kHz table at 44.1 kHz: 0.004 LU. It makes a range of one window a second.
    assert measured.integrated_lufs == pytest.approx(libebur128.get_loudness_global(state), abs=0.005)
    assert measured.range_lu == pytest.approx(libebur128.get_loudness_range(state), abs=0.3)
    peak = max(libebur128.get_true_peak(state, channel) for channel in range(2))
    assert measured.true_peak_dbtp == pytest.approx(20 * np.log10(peak), abs=0.1)
