"""Every spectral descriptor against librosa or essentia, on the same frames, and against itself at full rate."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.spectral import descriptors
from playlista.features.spectral.accumulator import SpectralAccumulator
from playlista.tracks import Spectral
from tests.conformance.recordings import Recording, is_made_alone
from tests.conformance.spectral_rows import comparisons

#: What must have been compared.
SPECTRAL = ("centroid_hz", "rolloff_hz", "flatness", "flux", "zero_crossing_rate", "contrast", "mfcc", "mel")


def test_every_value_is_that_of_the_other_implementation() -> None:
    made = list(comparisons())
    assert {each.name.split()[0].strip(",") for each in made} >= set(SPECTRAL)
    assert all(len(each.ours) == len(each.theirs) >= 20 for each in made)
    assert [each.row() for each in made if not each.agrees] == []


def test_the_rolloff_differs_from_essentias_in_few_frames() -> None:
    (rolloff,) = (each for each in comparisons() if each.name == "rolloff_hz")
    assert np.mean(np.abs(rolloff.ours - rolloff.theirs) < 0.1) > 0.98


@pytest.mark.parametrize("bins", [1, 31, 32, 33, 470, 1025])
def test_the_rolloff_of_any_number_of_bins_is_the_first_to_reach_its_share(bins: int) -> None:
    power = np.random.default_rng(0).random((40, bins)).astype(np.float32) ** 8
    share = np.cumsum(power.astype(np.float64), axis=1) / power.sum(axis=1, dtype=np.float64)[:, np.newaxis]
    expected = np.argmax(share >= 0.85, axis=1)
    assert list(descriptors.rolloff_hz(power, np.arange(bins, dtype=np.float32))) == list(expected)


@pytest.mark.exhaustive
def test_optimized_and_full_analysis_agree_on_music(corpus: list[Recording]) -> None:
    pairs = []
    # White noise is half of it above 11 kHz, which the half rate does not have.
    for track in (track for track in corpus if len(track.full) >= 44100 and track.name != "made: white noise"):
        half, full = spectral(track.optimized, 22050), spectral(track.full, 44100)
        if half is not None and full is not None:
            pairs.append((values(half), values(full)))
    halves, fulls = (np.array(each) for each in zip(*pairs, strict=True))
    assert len(pairs) >= 20
    # What is left between the rates, measured against how tracks differ from one another.
    drift = np.quantile(np.abs(halves - fulls) / fulls.std(axis=0), 0.95, axis=0)
    crossings = Spectral.__slots__.index("zero_crossing_rate")
    assert np.delete(drift, crossings).max() < 0.02
    # Samples know nothing of bands: what lies above 11 kHz crosses zero too, in noise more than in music. The drums of
    # made music are noise, and there is less other music than in recordings.
    assert drift[crossings] < (0.5 if is_made_alone(corpus) else 0.3)


def spectral(signal: NDArray[np.floating], rate_hz: int) -> Spectral:
    accumulator = SpectralAccumulator(rate_hz)
    accumulator.update(signal)
    return accumulator.result()


def values(answer: Spectral) -> NDArray[np.float64]:
    """All numbers of an answer in one row."""
    return np.concatenate([np.atleast_1d(getattr(answer, name)) for name in answer.__slots__])
