"""Keys, tuning and their absence, on music and noises whose truth is known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.tonal.accumulator import TonalAccumulator
from playlista.features.tonal.keys import camelot
from playlista.tracks import Tonal
from tests.exhaustive import examples
from tests.features.tones import applause, cadence, coloured_noise, drums, note, pitch_hz, speech
from tests.signals import noise, sine

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
EVERY_KEY = [(tonic, scale) for scale in ("major", "minor") for tonic in range(12)]
NOTHING = Tonal(None, None, None, None, None)
#: The wheel as it is printed, from 1 to 12 (M. Davis, "Camelot Easymix system").
WHEEL_MINOR = ("G#", "D#", "A#", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
WHEEL_MAJOR = ("B", "F#", "C#", "G#", "D#", "A#", "F", "C", "G", "D", "A", "E")


def tonal(signal: NDArray[np.floating], rate_hz: int = 22050) -> Tonal:
    """The answer to one signal in one chunk."""
    accumulator = TonalAccumulator(rate_hz)
    accumulator.update(signal)
    return accumulator.result()


@pytest.mark.parametrize(("tonic", "scale"), EVERY_KEY)
def test_a_cadence_is_in_its_key(tonic: int, scale: str) -> None:
    answer = tonal(cadence(tonic, scale).astype(np.float16))
    assert (answer.key, answer.scale) == (NOTES[tonic], scale)
    assert 0.7 < answer.strength <= 1


@pytest.mark.parametrize("tuning_cents", [-40, -25, 15, 40])
@pytest.mark.parametrize(("tonic", "scale"), EVERY_KEY[::5])
def test_a_detuned_cadence_is_in_its_key_and_its_tuning_is_found(tonic: int, scale: str, tuning_cents: float) -> None:
    answer = tonal(cadence(tonic, scale, tuning_cents=tuning_cents).astype(np.float16))
    assert (answer.key, answer.scale) == (NOTES[tonic], scale)
    assert answer.strength == pytest.approx(tonal(cadence(tonic, scale)).strength, abs=0.02)
    # The fifth harmonic of a note lies 14 cents under the tempered third, which draws the mean down a little.
    assert 1200 * np.log2(answer.tuning_hz / 440) == pytest.approx(tuning_cents, abs=4)


def test_the_tuning_of_a_steady_tone_is_that_of_its_nearest_note() -> None:
    tone = sine(pitch_hz(0, tuning_cents=20), 5, 22050)
    assert tonal(tone).tuning_hz == pytest.approx(440 * 2 ** (20 / 1200), rel=0.0005)


@pytest.mark.parametrize("scale", ["major", "minor"])
def test_drums_do_not_hide_the_key(scale: str) -> None:
    song = cadence(7, scale, chord_seconds=1)
    answer = tonal(song + 0.8 * drums(8)[: len(song)])
    assert (answer.key, answer.scale) == ("G", scale)


@pytest.mark.parametrize(("tonic", "scale"), [(4, "minor"), (10, "major")])
def test_half_rate_in_float16_gives_the_key_and_tuning_of_full_rate(tonic: int, scale: str) -> None:
    half = tonal(cadence(tonic, scale, 22050, 12).astype(np.float16))
    full = tonal(cadence(tonic, scale, 44100, 12), 44100)
    assert (half.key, half.scale, half.camelot) == (full.key, full.scale, full.camelot)
    assert half.strength == pytest.approx(full.strength, abs=0.01)
    assert half.tuning_hz == pytest.approx(full.tuning_hz, rel=0.0002)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 32000, 48000])
def test_every_rate_of_the_settings_finds_the_key(rate_hz: int) -> None:
    answer = tonal(cadence(2, "minor", rate_hz), rate_hz)
    assert (answer.key, answer.scale) == ("D", "minor")


@pytest.mark.parametrize(
    "signal",
    [np.zeros(0), np.zeros(100_000), np.full(100_000, 0.5), 3e-5 * np.random.default_rng(0).standard_normal(100_000)],
    ids=["nothing", "silence", "offset", "dither"],
)
def test_silence_has_no_key(signal: NDArray[np.float64]) -> None:
    assert tonal(signal.astype(np.float32)) == NOTHING


@pytest.mark.parametrize("slope", [0, 1, 2], ids=["white", "pink", "brown"])
@pytest.mark.parametrize("seconds", [0.2, 1, 20])
@pytest.mark.parametrize("seed", range(3))
def test_noise_has_no_key(slope: float, seconds: float, seed: int) -> None:
    assert tonal(coloured_noise(seconds, slope, seed=seed).astype(np.float16)) == NOTHING


@pytest.mark.parametrize("claps_hz", [5, 50, 500])
def test_applause_has_no_key(claps_hz: float) -> None:
    assert tonal(applause(10, claps_hz)) == NOTHING


@pytest.mark.parametrize("seed", range(5))
def test_a_voice_that_speaks_has_no_key(seed: int) -> None:
    # Its pitch glides, and rests on no note.
    assert tonal(speech(12, seed=seed)) == NOTHING


@pytest.mark.parametrize("noise_db", [-10, 0, 3])
@pytest.mark.parametrize("scale", ["major", "minor"])
def test_noise_as_loud_as_the_music_does_not_hide_the_key(scale: str, noise_db: float) -> None:
    # Game music and rock are as dense as that: their key was left out for the weight of what is no note.
    song = np.tile(cadence(4, scale), 2)
    noise_of_its_level = coloured_noise(len(song) / 22050, 1)[: len(song)] * song.std() / 0.1
    answer = tonal(song + noise_of_its_level * 10 ** (noise_db / 20))
    assert (answer.key, answer.scale) == ("E", scale)


@pytest.mark.parametrize("bpm", [90, 120, 174])
def test_unpitched_drums_have_no_key(bpm: float) -> None:
    assert tonal(drums(12, bpm=bpm)) == NOTHING


def test_a_click_has_no_key() -> None:
    click = np.zeros(66_150, np.float32)
    click[30_000] = 0.8
    assert tonal(click) == NOTHING


def test_music_keeps_its_key_under_noise_ten_decibels_below() -> None:
    song = cadence(9, "minor")
    noisy = song + coloured_noise(7, 0)[: len(song)] * song.std() / 0.1 * 10 ** (-10 / 20)
    assert tonal(noisy).camelot == "8A"


def test_a_sound_shorter_than_a_frame_is_still_heard() -> None:
    assert tonal(note(pitch_hz(9), 0.15, 22050).astype(np.float32)).key == "A"


@pytest.mark.parametrize("gain_db", [-40, -20, -3, 12])
@pytest.mark.parametrize("noise_share", [0.0, 0.03, 0.3, 3.0])
def test_the_level_does_not_matter(noise_share: float, gain_db: float) -> None:
    # Faint noise between the notes must not count in a loud recording and be left out of a quiet one.
    song = cadence(5, "major")
    sound = song + noise_share * np.sqrt(np.mean(song**2)) * noise(len(song) / 22050, 22050, 1.0)
    there, here = tonal(sound), tonal(sound * 10 ** (gain_db / 20))
    assert (there.key, there.scale) == (here.key, here.scale)
    assert there.strength == (None if here.strength is None else pytest.approx(here.strength, abs=0.01))
    assert there.tuning_hz == (None if here.tuning_hz is None else pytest.approx(here.tuning_hz, rel=1e-4))


@pytest.mark.parametrize("factor", [1e18, 1e30, np.inf])
def test_absurd_samples_neither_fail_nor_warn(factor: float) -> None:
    with np.errstate(all="ignore"):
        absurd = (coloured_noise(1, 0) * factor).astype(np.float32)
    assert tonal(absurd) == NOTHING


def test_camelot_codes_are_those_of_the_wheel() -> None:
    assert [camelot(tonic, "minor") for tonic in WHEEL_MINOR] == [f"{hour}A" for hour in range(1, 13)]
    assert [camelot(tonic, "major") for tonic in WHEEL_MAJOR] == [f"{hour}B" for hour in range(1, 13)]


SONG = np.concatenate([cadence(3, "minor", tuning_cents=-18), drums(3)]).astype(np.float16)
WHOLE = tonal(SONG)


@settings(max_examples=examples(25))
@given(st.lists(st.integers(0, len(SONG)), max_size=40))
def test_any_split_gives_one_answer_to_the_bit(splits: list[int]) -> None:
    accumulator = TonalAccumulator(22050)
    for chunk in np.split(SONG, sorted(splits)):
        accumulator.update(chunk)
    assert accumulator.result() == WHOLE


def test_chunks_of_one_sample_give_the_same_answer() -> None:
    accumulator = TonalAccumulator(22050)
    for index in range(20_000):
        accumulator.update(SONG[index : index + 1])
    assert accumulator.result() == tonal(SONG[:20_000])


def test_after_a_reset_nothing_is_left_of_the_track_before() -> None:
    accumulator = TonalAccumulator(22050)
    accumulator.update(cadence(6, "major"))
    accumulator.reset()
    accumulator.update(SONG)
    assert accumulator.result() == WHOLE
    accumulator.reset()
    accumulator.update(drums(3))
    assert accumulator.result() == NOTHING


def test_the_memory_does_not_grow_with_the_track() -> None:
    accumulator = TonalAccumulator(22050)
    before = accumulator.retained_bytes
    for _ in range(60):
        accumulator.update(SONG)
    assert accumulator.retained_bytes == before < 500_000
