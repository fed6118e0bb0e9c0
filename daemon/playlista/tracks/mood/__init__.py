"""What the stored groups of a result say about the mood of a track: energy, voice, moods.

Input: rhythm, loudness, spectrum and tags of a result. Output: a `Mood`. It is a pure function of them, so that nothing
of it is stored in the result, and a better version takes hold without decoding a track again.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.tracks.groups import Loudness, Rhythm, Spectral, Tagging
from playlista.tracks.mood.energy import energy_of
from playlista.tracks.mood.moods import LEAST_MOOD, MOODS, USUAL_MOOD, moods_of
from playlista.tracks.mood.voice import voice_of

__all__ = ["LEAST_MOOD", "MOODS", "MOOD_VERSION", "USUAL_MOOD", "Mood", "derive_mood"]

#: Version of all values here; rises when they change. The library's columns are then derived anew in the background.
MOOD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Mood:
    """All 0..1, None where what they follow from is unknown, and for silence.

    energy : how intense the track is, see `energy_of`.
    voice : how likely somebody sings or speaks for a good part of it, see `voice_of`.
    moods : of each of `MOODS` how strong it is among other music, see `moods_of`.
    """

    energy: float | None
    voice: float | None
    moods: dict[str, float] | None


def derive_mood(
    rhythm: Rhythm | None, loudness: Loudness | None, spectral: Spectral | None, tagging: Tagging | None
) -> Mood | None:
    """The mood of a track with these groups; None where there is no group at all."""
    if rhythm is None and loudness is None and spectral is None and tagging is None:
        return None
    if loudness is not None and loudness.integrated_lufs is None and spectral is None:
        return Mood(None, None, None)  # silence, of which the network says something all the same
    energy = energy_of(rhythm, loudness, spectral)
    tags = tagging.tags if tagging is not None else None
    return Mood(energy, voice_of(tags), moods_of(tags, energy))
