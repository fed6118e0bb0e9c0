"""Every spectral descriptor against librosa or essentia, on the same frames, and against itself at full rate."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features import spectral_descriptors as descriptors
from playlista.features.frames import amplitude_window
from playlista.features.mfcc import MelCepstrum
from playlista.features.spectral import SpectralAccumulator
from playlista.tracks import Spectral
from tests.conformance.essentia_reference import essentia
from tests.conformance.recordings import recordings
from tests.features.tones import cadence, coloured_noise, drums

RATE_HZ, LENGTH, BINS = 22050, 2048, 1025
BIN_HZ = np.fft.rfftfreq(LENGTH, 1 / RATE_HZ).astype(np.float32)


@pytest.fixture(scope="module")
def frames() -> NDArray[np.float32]:
    """150 frames of a tune, of drums and of noise [shape=(150, 2048)]."""
    sounds = (cadence(2, "major"), drums(8), coloured_noise(8, 1))
    return np.concatenate([sound[: 50 * LENGTH].reshape(50, LENGTH) for sound in sounds])


@pytest.fixture(scope="module")
def magnitude(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Their magnitude spectra, 0 Hz to Nyquist [shape=(150, 1025)]."""
    return np.abs(np.fft.rfft(frames * amplitude_window(LENGTH), axis=1))


def test_the_centroid_is_that_of_librosa_and_essentia(magnitude: NDArray[np.float32]) -> None:
    ours = descriptors.centroid_hz(magnitude, BIN_HZ)
    assert ours == pytest.approx(librosa.feature.spectral_centroid(S=magnitude.T, sr=RATE_HZ)[0], rel=1e-4)
    algorithm = essentia("Centroid", range=RATE_HZ / 2)
    assert ours == pytest.approx([algorithm(spectrum) for spectrum in magnitude], rel=1e-4)


def test_the_rolloff_is_that_of_essentia(magnitude: NDArray[np.float32]) -> None:
    algorithm = essentia("RollOff", cutoff=0.85, sampleRate=RATE_HZ)
    ours = descriptors.rolloff_hz(np.square(magnitude), BIN_HZ)
    # A bin more or less where a float32 sum falls on the target.
    assert ours == pytest.approx([algorithm(spectrum) for spectrum in magnitude], abs=1.01 * RATE_HZ / LENGTH)
    assert np.mean(np.abs(ours - [algorithm(spectrum) for spectrum in magnitude]) < 0.1) > 0.98


@pytest.mark.parametrize("bins", [1, 31, 32, 33, 470, 1025])
def test_the_rolloff_of_any_number_of_bins_is_the_first_to_reach_its_share(bins: int) -> None:
    power = np.random.default_rng(0).random((40, bins)).astype(np.float32) ** 8
    share = np.cumsum(power.astype(np.float64), axis=1) / power.sum(axis=1, dtype=np.float64)[:, np.newaxis]
    expected = np.argmax(share >= 0.85, axis=1)
    assert list(descriptors.rolloff_hz(power, np.arange(bins, dtype=np.float32))) == list(expected)


def test_the_flatness_is_that_of_librosa(magnitude: NDArray[np.float32]) -> None:
    # librosa's floor is absolute, ours 80 dB below the loudest bin: the same for spectra that are scaled to 1.
    scaled = magnitude / magnitude.max(axis=1, keepdims=True)
    expected = librosa.feature.spectral_flatness(S=scaled.T, amin=1e-8, power=2.0)[0]
    assert descriptors.flatness(descriptors.with_floor(np.square(magnitude))) == pytest.approx(expected, rel=1e-4)


def test_the_flux_is_that_of_essentia(magnitude: NDArray[np.float32]) -> None:
    unit = (magnitude / np.linalg.norm(magnitude, axis=1, keepdims=True)).astype(np.float32)
    algorithm = essentia("Flux", norm="L2", halfRectify=False)
    expected = [algorithm(spectrum) for spectrum in unit]
    assert descriptors.flux(unit[1:], unit[:-1]) == pytest.approx(expected[1:], rel=1e-4, abs=1e-5)


def test_the_contrast_is_that_of_librosa(magnitude: NDArray[np.float32]) -> None:
    floored = descriptors.with_floor(np.square(magnitude / magnitude.max(axis=1, keepdims=True)))
    expected = librosa.feature.spectral_contrast(S=floored.T, sr=RATE_HZ, fmin=200.0, n_bands=6, quantile=0.02).T
    ours = descriptors.contrast_db(floored, descriptors.contrast_bands(BIN_HZ))
    # Bands and quantiles are the same to the bin. librosa cuts 80 dB under the loudest peak of all frames.
    assert ours == pytest.approx(expected, abs=0.01)


def test_zero_crossings_are_those_of_librosa_and_essentia(frames: NDArray[np.float32]) -> None:
    ours = descriptors.zero_crossing_rate(frames, RATE_HZ)
    expected = librosa.feature.zero_crossing_rate(
        frames.ravel(), frame_length=LENGTH, hop_length=LENGTH, center=False, pad=False, threshold=0
    )[0]
    algorithm = essentia("ZeroCrossingRate", threshold=0.0)
    # One crossing more or less where a sample is 0 itself, or at the edge of a frame.
    assert ours == pytest.approx(expected, abs=1.5 / LENGTH)
    assert ours == pytest.approx([algorithm(frame) for frame in frames], abs=1.5 / LENGTH)


def test_mfccs_are_those_of_essentia(magnitude: NDArray[np.float32]) -> None:
    algorithm = essentia("MFCC", inputSize=BINS, sampleRate=RATE_HZ, highFrequencyBound=float(BIN_HZ[-1]))
    expected = np.array([algorithm(spectrum)[1] for spectrum in magnitude])
    assert MelCepstrum(BIN_HZ).coefficients(np.square(magnitude)) == pytest.approx(expected, rel=1e-5, abs=0.001)


def test_optimized_and_full_analysis_agree_on_real_recordings(shared_audio: Path) -> None:
    pairs = []
    for track in recordings(shared_audio, least_seconds=1.0):
        half, full = spectral(track.optimized, 22050), spectral(track.full, 44100)
        if half is not None and full is not None:
            pairs.append((values(half), values(full)))
    halves, fulls = (np.array(each) for each in zip(*pairs, strict=True))
    assert len(pairs) >= 40
    # What is left between the rates, measured against how tracks differ from one another.
    drift = np.quantile(np.abs(halves - fulls) / fulls.std(axis=0), 0.95, axis=0)
    crossings = Spectral.__slots__.index("zero_crossing_rate")
    assert np.delete(drift, crossings).max() < 0.02
    # Samples know nothing of bands: what lies above 11 kHz crosses zero too, in noise more than in music.
    assert drift[crossings] < 0.3


def spectral(signal: NDArray[np.floating], rate_hz: int) -> Spectral:
    accumulator = SpectralAccumulator(rate_hz)
    accumulator.update(signal)
    return accumulator.result()


def values(answer: Spectral) -> NDArray[np.float64]:
    """All numbers of an answer in one row."""
    return np.concatenate([np.atleast_1d(getattr(answer, name)) for name in answer.__slots__])
