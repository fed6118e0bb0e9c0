"""Key and tuning against essentia, part by part, and against the known keys of real recordings."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.frames import amplitude_window
from playlista.features.tonal.accumulator import TonalAccumulator
from playlista.features.tonal.hpcp import HIGHEST_HZ, LOWEST_HZ, PeakFinder, Peaks, pitch_class_histogram, profile
from playlista.features.tonal.keys import find_key
from playlista.tracks import Tonal
from tests.conformance.essentia_reference import essentia
from tests.conformance.recordings import Recording
from tests.conformance.tonal_rows import KEYS, SHARPS
from tests.features.tones import cadence, drums

RATE_HZ, LENGTH = 22050, 4096

#: Recordings of which only the tonic is known. (bass_hit_c is a thump of half a second without a steady tone.)
TONICS = {
    "solo-trumpet-06": "F",
    **{f"bass_{name}_c": "C" for name in ("drop", "hard", "thick", "trance", "voxy", "voxy_hit", "woodsy")},
}

#: Our peaks of a frame, and the frequencies and whitened magnitudes of essentia's, in the order of ours.
Compared = tuple[Peaks, NDArray[np.float32], NDArray[np.float32]]


def tonal(signal: NDArray[np.floating], rate_hz: int) -> Tonal:
    accumulator = TonalAccumulator(rate_hz)
    accumulator.update(signal)
    return accumulator.result()


def named(tracks: list[Recording], part: str) -> Recording:
    return next(track for track in tracks if part in track.name)


def frames_of_music() -> NDArray[np.float32]:
    song = cadence(4, "minor", tuning_cents=7)
    return (song + 0.1 * drums(8)[: len(song)])[: 24 * LENGTH].reshape(24, LENGTH)


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    spectrum = essentia("Spectrum", size=LENGTH)
    whitening = essentia("SpectralWhitening", sampleRate=RATE_HZ, maxFrequency=HIGHEST_HZ)
    # Beyond our band on either side, since the detector also takes the edges of its band for peaks.
    detector = essentia("SpectralPeaks", sampleRate=RATE_HZ, maxFrequency=4000, maxPeaks=1000, magnitudeThreshold=-200)
    frames = []
    for frame in frames_of_music():
        ours = PeakFinder(RATE_HZ, LENGTH).find(frame[np.newaxis])
        magnitude = spectrum(frame * amplitude_window(LENGTH))
        frequency_hz, level_db = detector(20 * np.log10(np.maximum(magnitude, np.float32(1e-10))))
        white = whitening(magnitude, frequency_hz, 10 ** (level_db / 20))
        match = np.abs(ours.frequency_hz[:, np.newaxis] - frequency_hz).argmin(axis=1)
        frames.append((ours, frequency_hz[match], white[match]))
    return frames


def test_peaks_are_those_of_essentia(compared: list[Compared]) -> None:
    for ours, frequency_hz, _ in compared:
        assert ours.frequency_hz == pytest.approx(frequency_hz, abs=0.01 * RATE_HZ / LENGTH)


def test_whitening_is_that_of_essentia(compared: list[Compared]) -> None:
    for ours, _, white in compared:
        assert ours.weight == pytest.approx(white**2, abs=0.001)


def test_the_profile_is_that_of_essentia(compared: list[Compared]) -> None:
    hpcp = essentia(
        "HPCP", size=12, minFrequency=LOWEST_HZ, maxFrequency=HIGHEST_HZ, harmonics=4, bandPreset=False,
        normalized="none", weightType="cosine", windowSize=1.0, nonLinear=False,
    )  # fmt: skip
    for ours, _, _ in compared:
        # A peak on the first or last bin may lie just outside the band, where essentia's HPCP leaves it out.
        inside = (ours.frequency_hz >= LOWEST_HZ) & (ours.frequency_hz <= HIGHEST_HZ)
        frequency_hz, weight = ours.frequency_hz[inside], ours.weight[inside]
        theirs = hpcp(frequency_hz, np.sqrt(weight))
        assert profile(pitch_class_histogram(frequency_hz, weight), 0.0) == pytest.approx(theirs, rel=0.001, abs=0.001)


def test_the_key_of_a_profile_is_that_of_essentia() -> None:
    matcher = essentia("Key", profileType="bgate", usePolyphony=False, useThreeChords=False, pcpSize=12)
    random = np.random.default_rng(0)
    for _ in range(300):
        hpcp = random.random(12) ** 2
        ours = find_key(hpcp)
        above_floor = np.maximum(hpcp / hpcp.max() - 0.2, 0).astype(np.float32)
        tonic, scale, strength, _ = matcher(above_floor)
        assert (ours.tonic, ours.scale) == (SHARPS.get(tonic, tonic), scale)
        assert ours.strength == pytest.approx(max(0, strength), abs=1e-5)


@pytest.mark.exhaustive
def test_recordings_are_in_their_known_keys_and_on_their_known_tonics(tracks: list[Recording]) -> None:
    answers = {part: tonal(named(tracks, part).optimized, 22050) for part in (*KEYS, *TONICS)}
    assert {part: (answers[part].key, answers[part].scale) for part in KEYS} == KEYS
    assert {part: answers[part].key for part in TONICS} == TONICS


@pytest.mark.exhaustive
def test_no_fewer_known_keys_are_found_than_by_essentia_at_full_rate(tracks: list[Recording]) -> None:
    extractor = essentia("KeyExtractor", profileType="bgate")
    ours, theirs = [], []
    for part, truth in KEYS.items():
        track = named(tracks, part)
        answer, (tonic, scale, _) = tonal(track.optimized, 22050), extractor(track.full)
        ours.append((answer.key, answer.scale) == truth)
        theirs.append((SHARPS.get(tonic, tonic), scale) == truth)
    assert sum(ours) >= sum(theirs)


@pytest.mark.exhaustive
def test_recorded_noise_and_drums_have_no_key(tracks: list[Recording]) -> None:
    keyless = ("whitenoise", "loop_amen_full", "loop_perc1", "loop_perc2", "ambi_lunar_land")
    assert {part: tonal(named(tracks, part).optimized, 22050).key for part in keyless} == dict.fromkeys(keyless)


@pytest.mark.exhaustive
def test_optimized_and_full_analysis_agree_on_the_key(corpus: list[Recording]) -> None:
    long_enough = [track for track in corpus if len(track.full) >= 0.4 * 44100]
    pairs = [(tonal(track.optimized, 22050), tonal(track.full, 44100)) for track in long_enough]
    heard = [(half, full) for half, full in pairs if half.key or full.key]
    agree = [(half.key, half.scale) == (full.key, full.scale) for half, full in heard]
    assert len(heard) >= 12
    assert np.mean(agree) >= 0.95
    differences = [abs(np.log2(half.tuning_hz / full.tuning_hz)) for half, full in heard if half.key == full.key]
    assert np.median(differences) * 1200 < 1
