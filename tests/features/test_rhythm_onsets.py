"""The onset envelope, its bands, its compact form and its peaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.rhythm.envelope import CompactEnvelope
from playlista.features.rhythm.onsets import HIGHEST_HZ, OnsetEnvelope, band_weights
from tests import signals
from tests.exhaustive import examples
from tests.features.rhythm_signals import RATE_HZ, clicks
from tests.features.tones import coloured_noise

FRAME_SECONDS = 0.016


def heard(samples: NDArray[np.floating], rate_hz: int = RATE_HZ) -> OnsetEnvelope:
    envelope = OnsetEnvelope(rate_hz)
    envelope.update(samples)
    envelope.close()
    return envelope


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_there_is_a_frame_every_16_ms_at_every_rate(rate_hz: int) -> None:
    envelope = heard(signals.noise(10, rate_hz), rate_hz)
    assert 1 / envelope.frame_rate_hz == pytest.approx(FRAME_SECONDS, rel=0.005)
    assert len(envelope) == pytest.approx(10 / FRAME_SECONDS, abs=5)


def test_every_click_is_one_onset_within_two_frames_of_its_time() -> None:
    pattern = clicks(97, 20)
    onsets = heard(pattern.samples).onsets()
    assert len(onsets.frames) == len(pattern.beats)
    assert onsets.frames * FRAME_SECONDS == pytest.approx(pattern.beats, abs=2 * FRAME_SECONDS)
    # A click halfway between two frames shares its rise between them.
    assert onsets.strengths.min() > 0.4 * onsets.strengths.max()


def test_onsets_across_the_edges_of_what_is_read_at_once_are_counted_once() -> None:
    samples = np.tile(clicks(150, 40).samples, 4)
    onsets = heard(samples).onsets()
    assert len(onsets.frames) == 4 * len(clicks(150, 40).beats)
    assert np.all(np.diff(onsets.frames) > 20)


def test_a_sound_that_begins_with_the_track_is_an_onset_and_its_end_is_none() -> None:
    onsets = heard(signals.sine(440, 3, RATE_HZ)).onsets()
    assert onsets.frames.tolist() == pytest.approx([0], abs=2)


@pytest.mark.parametrize("slope", [0, 1, 2])
def test_steady_noise_of_any_colour_has_few_onsets(slope: float) -> None:
    assert len(heard(coloured_noise(60, slope, RATE_HZ)).onsets().frames) < 60 / 2


def test_the_envelope_is_that_of_a_recording_at_another_level() -> None:
    pattern = clicks(97, 10).samples
    loud, quiet = heard(pattern), heard((0.01 * pattern).astype(np.float32))
    # What the scale of one byte rounds off.
    assert quiet.read(0, len(quiet)) == pytest.approx(loud.read(0, len(loud)), abs=0.03)


def test_any_stretch_reads_as_it_does_in_the_whole() -> None:
    envelope = heard(clicks(97, 150).samples)
    whole = envelope.read(0, len(envelope))
    for start, stop in (0, 10), (5, 900), (4000, 4200), (len(envelope) - 7, len(envelope) + 50):
        np.testing.assert_allclose(envelope.read(start, stop), whole[start:stop], atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8000, 22050, 48000])
def test_every_band_hears_something_and_none_hears_above_the_passband(rate_hz: int) -> None:
    bands = band_weights(rate_hz, 1024)
    bin_hz = np.fft.rfftfreq(1024, 1 / rate_hz)
    assert bands.shape[0] == 513
    assert bands.any(axis=0).all()
    assert not bands[bin_hz > min(HIGHEST_HZ, 0.9 * rate_hz / 2)].any()
    assert np.all(np.diff(bands.argmax(axis=0)) >= 0)


@settings(max_examples=examples(50))
@given(st.lists(st.floats(0, 5, width=32), max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_a_compact_envelope_gives_back_what_it_was_given(values: list[float], start: int, stop: int) -> None:
    ceiling = 4.0
    kept = CompactEnvelope(62.5, ceiling)
    given_values = np.array(values, np.float32)
    for value in given_values:
        kept.append(np.array([value]))
    expected = np.minimum(given_values, ceiling)[start:stop]
    # Half a step of the square root, 1 / 510, is squared again.
    error = np.sqrt(expected * ceiling) / 255 + ceiling / 255**2
    assert len(kept) == len(values)
    assert np.all(np.abs(kept.read(start, stop) - expected) <= error)


def test_a_compact_envelope_reads_across_its_blocks_and_grows_by_a_byte_a_value() -> None:
    kept = CompactEnvelope(62.5, 4.0)
    empty = kept.retained_bytes
    values = np.linspace(0, 4, 20_000, dtype=np.float32)
    for piece in np.split(values, [1, 4095, 4096, 4097, 12_288]):
        kept.append(piece)
    np.testing.assert_allclose(kept.read(4000, 13_000), values[4000:13_000], atol=4 / 255)
    assert 20_000 <= kept.retained_bytes - empty < 20_000 + 4096
    kept.reset()
    assert (len(kept), kept.retained_bytes) == (0, empty)
