"""Peaks and the pitch class profile, against what arithmetic says of sinusoids."""

from __future__ import annotations

import numpy as np
import pytest

from playlista.features.tonal.accumulator import tuning_cents
from playlista.features.tonal.hpcp import PeakFinder, pitch_class_histogram, profile
from tests.features.tones import coloured_noise, pitch_hz
from tests.signals import noise, sine

RATE_HZ, LENGTH = 22050, 4096
FINDER = PeakFinder(RATE_HZ, LENGTH)


def frame(*frequencies_hz: float, peak: float = 0.3) -> np.ndarray:
    """One frame of sinusoids of equal amplitude."""
    return sum(sine(each, LENGTH / RATE_HZ, RATE_HZ, peak) for each in frequencies_hz)[np.newaxis]


def strongest(frames: np.ndarray) -> float:
    peaks = FINDER.find(frames)
    return float(peaks.frequency_hz[peaks.weight.argmax()])


@pytest.mark.parametrize("frequency_hz", np.geomspace(60, 3300, 23))
def test_the_frequency_of_a_sinusoid_is_found_within_a_fiftieth_of_a_bin(frequency_hz: float) -> None:
    assert strongest(frame(frequency_hz)) == pytest.approx(frequency_hz, abs=0.02 * RATE_HZ / LENGTH)


@pytest.mark.parametrize("frequency_hz", [10, 20, 3600, 9000])
def test_only_the_band_of_the_notes_counts(frequency_hz: float) -> None:
    found = FINDER.find(frame(frequency_hz)).frequency_hz
    assert np.all(np.abs(found - frequency_hz) > RATE_HZ / LENGTH)


def test_a_sinusoid_stands_out_and_the_peaks_of_noise_do_not() -> None:
    tone = FINDER.find(frame(440) + noise(LENGTH / RATE_HZ, RATE_HZ, 0.003))
    assert tone.stands_out[np.abs(tone.frequency_hz - 440).argmin()]
    assert np.count_nonzero(tone.stands_out) <= 2
    hiss = FINDER.find(coloured_noise(10, 0)[: 50 * LENGTH].reshape(50, LENGTH))
    # exp(-10) of the bins, taken for peaks many times over: 50 frames of 650 bins have two to thirty.
    assert np.mean(hiss.stands_out) < 0.02


def test_quiet_peaks_count_as_much_as_loud_ones() -> None:
    for peak in (0.5, 0.005):
        assert FINDER.find(frame(220, 1760, peak=peak)).weight.max() == pytest.approx(0.776, abs=0.01)


def test_a_frame_keeps_sixty_peaks() -> None:
    assert len(FINDER.find(noise(LENGTH / RATE_HZ, RATE_HZ)[np.newaxis]).weight) == 60


def test_a_flat_spectrum_has_nothing_that_stands_out() -> None:
    click = np.zeros((1, LENGTH), np.float32)
    click[0, LENGTH // 2] = 1
    peaks = FINDER.find(click)
    assert not peaks.stands_out.any()
    assert np.isfinite(peaks.frequency_hz).all()


def test_the_histogram_counts_cents_above_a_and_forgets_octaves() -> None:
    frequencies_hz = np.array([110, 440, 1760, 440 * 2 ** (700.25 / 1200)], np.float32)
    histogram = pitch_class_histogram(frequencies_hz, np.array([1, 2, 3, 4], np.float32))
    assert histogram[0] == pytest.approx(6)
    assert histogram[700:702] == pytest.approx([3, 1], abs=0.01)
    assert histogram.sum() == pytest.approx(10)


def test_a_peak_counts_for_its_note_and_for_those_whose_harmonic_it_is() -> None:
    heard = profile(pitch_class_histogram(np.array([440], np.float32), np.ones(1, np.float32)), 0.0)
    # Harmonics 1, 2 and 4 fall on A with strength 3; the third of D is 2 cents off, the fifth of F 14 cents.
    expected = np.zeros(12)
    expected[0] = 9
    expected[5] = np.cos(np.pi * 0.01955)
    expected[8] = np.cos(np.pi * 0.13686) / (np.log2(5) / 2) ** 2
    assert heard == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("cents", [-45, -20, 5, 30, 48])
def test_detuned_notes_have_the_profile_of_tuned_ones_at_their_own_tuning(cents: float) -> None:
    notes = np.array([0, 4, 7, 12, 16, 19])
    weight = np.array([1, 0.5, 0.7, 0.4, 0.3, 0.2], np.float32)

    def heard(tuning: float) -> np.ndarray:
        return pitch_class_histogram(np.array([pitch_hz(step, tuning) for step in notes], np.float32), weight)

    assert tuning_cents(heard(cents)) == pytest.approx(cents, abs=0.05)
    assert profile(heard(cents), cents) == pytest.approx(profile(heard(0), 0.0), abs=0.01)
    assert profile(heard(cents), 0.0) != pytest.approx(profile(heard(0), 0.0), abs=0.01)
