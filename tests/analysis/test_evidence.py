"""Pictures of a track's health are read from its file: the spectrum with its wall, the waveform around a fault."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from playlista.analysis import evidence as evidence_module
from playlista.analysis.evidence import Evidence, read_evidence
from playlista.errors import DecodeError, Interrupted
from playlista.features.health.pictures import MOST_POINTS
from tests import signals

RATE = 44100
#: Three bins of 21.5 Hz.
STEP_HZ = 3 * RATE / 2048


def band_limited(seconds: float, highest_hz: float) -> NDArray[np.float32]:
    """White noise without anything above `highest_hz` [shape=(n, 2)]."""
    spectrum = np.fft.rfft(signals.noise(seconds, RATE, 0.5))
    spectrum[np.fft.rfftfreq(round(seconds * RATE), 1 / RATE) > highest_hz] = 0
    samples = np.fft.irfft(spectrum, round(seconds * RATE)).astype(np.float32)
    return np.stack([samples, samples], axis=1)


def evidence_of(tmp_path: Path, samples: NDArray[np.float32], **positions: list[float]) -> Evidence:
    return read_evidence(str(signals.write(tmp_path / "a.flac", samples, RATE, "PCM_16")), positions)


def test_the_wall_is_where_the_sound_ends(tmp_path: Path) -> None:
    curve = evidence_of(tmp_path, band_limited(6, 16_000)).spectrum
    assert curve is not None
    assert curve.wall_hz == pytest.approx(16_000, abs=2 * STEP_HZ)
    levels = np.array(curve.levels_db)
    assert len(levels) <= MOST_POINTS
    assert curve.step_hz * len(levels) == pytest.approx(RATE / 2, rel=0.01)
    below, above = levels[: int(15_500 / curve.step_hz)], levels[int(16_500 / curve.step_hz) :]
    assert below[1:].min() > above.max() + 30


def test_noise_that_fills_its_band_has_no_wall(tmp_path: Path) -> None:
    curve = evidence_of(tmp_path, np.stack([signals.noise(4)] * 2, axis=1)).spectrum
    assert curve is not None
    assert (curve.wall_hz, curve.wall_fall_db) == (None, None)


def test_the_waveform_holds_the_samples_around_the_fault(tmp_path: Path) -> None:
    samples = np.stack([signals.sine(440, 4), signals.sine(330, 4, peak=0.25)], axis=1)
    samples[2 * RATE : 2 * RATE + 40] = 0.9
    (waveform,) = evidence_of(tmp_path, samples, clipped=[2.0]).waveforms
    assert (waveform.kind, waveform.at_seconds) == ("clipped", 2.0)
    first = round(waveform.from_seconds * RATE)
    left, right = waveform.channels
    for wave, channel in ((left, 0), (right, 1)):
        rounded = 1 / 32768 + 5e-5 + 1e-6  # to 16 bits, and to four places
        width = round(waveform.step_seconds * RATE)
        expected = samples[first : first + width * len(wave.high), channel]
        assert wave.high == pytest.approx(expected.reshape(-1, width).max(axis=1)[: len(wave.high)], abs=rounded)
    assert max(left.high) == pytest.approx(0.9, abs=1e-3)


def test_a_fault_behind_the_end_is_left_out_and_one_at_the_edge_is_cut(tmp_path: Path) -> None:
    found = evidence_of(tmp_path, np.stack([signals.sine(440, 2)] * 2, axis=1), dropouts=[0.0, 60.0], silence=[1.0])
    (waveform,) = found.waveforms
    assert (waveform.at_seconds, waveform.from_seconds) == (0.0, 0.0)
    assert found.left_out == 1


def test_no_more_is_read_than_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_module, "HEARD_SECONDS", 2.0)
    path = str(signals.write(tmp_path / "a.wav", np.stack([signals.noise(20)] * 2, axis=1)))
    assert read_evidence(path, {}).heard_seconds < 5
    assert read_evidence(path, {"clicks": [10.0]}).heard_seconds == pytest.approx(11, abs=1)


def test_reading_ends_with_its_deadline_and_with_the_daemon(tmp_path: Path) -> None:
    path = str(signals.write(tmp_path / "a.wav", np.stack([signals.noise(20)] * 2, axis=1)))
    with pytest.raises(DecodeError):
        read_evidence(path, {}, deadline_seconds=-1.0)
    with pytest.raises(Interrupted):
        read_evidence(path, {}, stop=lambda: True)


def test_memory_does_not_grow_with_the_track(tmp_path: Path) -> None:
    def peak_bytes(seconds: int) -> int:
        path = tmp_path / f"{seconds}.wav"
        with soundfile.SoundFile(path, "w", RATE, 2, subtype="PCM_16") as file:
            for second in range(seconds):
                file.write(np.stack([signals.noise(1, seed=second)] * 2, axis=1))
        tracemalloc.start()
        read_evidence(str(path), {"clicks": [1.0, seconds - 2.0]})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(2)  # what is loaded at the first time
    short, long = peak_bytes(10), peak_bytes(120)
    assert long < short + 2**19  # 120 s of this sound are 42 MB
    assert long < 8 * 2**20


def test_a_damaged_file_shows_what_came_before_the_damage(tmp_path: Path) -> None:
    path = signals.write(tmp_path / "a.flac", np.stack([signals.noise(20)] * 2, axis=1))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = read_evidence(str(path), {"clicks": [1.0, 19.0]})
    assert 5 < found.heard_seconds < 15
    assert found.spectrum is not None
    assert [waveform.at_seconds for waveform in found.waveforms] == [1.0]
    assert found.left_out == 1


def test_mono_and_many_channels_are_drawn_too(tmp_path: Path) -> None:
    mono = read_evidence(str(signals.write(tmp_path / "mono.wav", signals.noise(3))), {"clicks": [1.0]})
    many = np.stack([signals.noise(3, seed=seed) for seed in range(6)], axis=1)
    surround = read_evidence(str(signals.write(tmp_path / "six.wav", many)), {"clicks": [1.0]})
    assert [len(one.channels) for one in (*mono.waveforms, *surround.waveforms)] == [1, 2]
