"""What follows from a result for the mood of its track, and what is unknown."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from benchmarks.synthetic_library import MSD_TAGS
from playlista.tracks import Analysis, Status, Tagging
from playlista.tracks.mood import MOOD_VERSION, MOODS, USUAL_MOOD, Mood, derive_mood
from tests.moods import loud, rhythm_of, spectrum_of, tagging_of

QUIET_PIANO = derive_mood(
    rhythm_of(1.0), loud(-26.0), spectrum_of(0.002), tagging_of(instrumental=0.3, Mellow=0.2, ambient=0.1)
)
METAL = derive_mood(rhythm_of(6.0), loud(-7.0), spectrum_of(0.15), tagging_of(metal=0.8, punk=0.1))


def test_a_loud_and_busy_track_has_more_energy_than_a_quiet_piano() -> None:
    assert QUIET_PIANO.energy < 0.2
    assert METAL.energy > 0.6


def test_energy_is_the_formula_that_its_docstring_gives() -> None:
    odds = 0.487 + 0.061 * -14 + 0.777 * 2 + 0.068 * 0.5 + 0.746 * -2
    mood = derive_mood(rhythm_of(4.0), loud(-14.0), spectrum_of(0.01), None)
    assert mood == Mood(pytest.approx(1 / (1 + math.exp(-odds)), abs=5e-4), None, None)


@pytest.mark.parametrize("quantity", ["loudness", "onsets", "flatness"])
def test_energy_rises_with_what_makes_it(quantity: str) -> None:
    values = [
        derive_mood(
            rhythm_of(step if quantity == "onsets" else 3.0),
            loud(-30.0 + 5 * step if quantity == "loudness" else -14.0),
            spectrum_of(10 ** (step - 5) if quantity == "flatness" else 0.01),
            None,
        ).energy
        for step in (1.0, 2.0, 3.0, 4.0)
    ]
    assert all(low < high for low, high in pairwise(values))


def test_a_track_has_the_moods_that_its_tags_speak_for() -> None:
    assert METAL.moods["aggressive"] >= USUAL_MOOD > METAL.moods["calm"]
    assert QUIET_PIANO.moods["calm"] >= USUAL_MOOD > QUIET_PIANO.moods["aggressive"]
    assert tuple(METAL.moods) == MOODS


def test_voices_are_told_from_instruments() -> None:
    singer = tagging_of(**{"female vocalists": 0.4, "female vocalist": 0.05, "male vocalists": 0.01})
    speaker = tagging_of(**{"Hip-Hop": 0.3, "male vocalists": 0.02})
    groups = (rhythm_of(3.0), loud(-14.0), spectrum_of(0.01))
    assert derive_mood(*groups, singer).voice > 0.7
    assert derive_mood(*groups, speaker).voice > 0.7
    assert QUIET_PIANO.voice < 0.3


@pytest.mark.parametrize("share", [0.0, 1e-12, 0.5, 1.0])
def test_every_value_is_a_share_whatever_the_network_says(share: float) -> None:
    odd = Tagging(dict.fromkeys(MSD_TAGS, share), (0.0,) * 200, 1, False, "essentia")
    mood = derive_mood(rhythm_of(1e6), loud(900.0), spectrum_of(0.0), odd)
    assert all(0 <= value <= 1 for value in (mood.energy, mood.voice, *mood.moods.values()))


def test_what_its_inputs_do_not_say_is_unknown() -> None:
    tags = tagging_of(happy=0.01)
    assert derive_mood(None, None, None, None) is None
    assert derive_mood(rhythm_of(1.0), loud(None), None, tags) == Mood(None, None, None), "silence"
    without_model = derive_mood(rhythm_of(1.0), loud(-14.0), spectrum_of(0.1), None)
    assert (without_model.voice, without_model.moods) == (None, None)
    without_spectrum = derive_mood(rhythm_of(1.0), loud(-14.0), None, tags)
    assert (without_spectrum.energy, without_spectrum.moods) == (None, None)
    other_network = Tagging({"rock": 0.5}, (0.0,) * 200, 1, False, "essentia")
    assert derive_mood(rhythm_of(1.0), loud(-14.0), spectrum_of(0.1), other_network).moods is None


def test_the_mood_is_in_the_result_object_with_its_version_and_is_derived_again_from_what_was_stored() -> None:
    analysis = Analysis(
        "a.flac", Status.ANALYZED, rhythm=rhythm_of(3.0), loudness=loud(-14.0), spectral=spectrum_of(0.01),
        tagging=tagging_of(happy=0.01), versions={"rhythm": 3},
    )  # fmt: skip
    document = analysis.to_json()
    assert document["mood"]["energy"] == analysis.mood.energy
    assert document["versions"] == {"rhythm": 3, "mood": MOOD_VERSION}
    outdated = document | {"mood": {"energy": 0.0, "voice": 0.0, "moods": {}}}
    assert Analysis.from_json(outdated) == analysis
    assert Analysis.from_json(outdated).to_json() == document
    assert replace(analysis, rhythm=None, loudness=None, spectral=None, tagging=None).to_json()["mood"] is None
