"""What the stored groups of a result say about the mood of a track: energy, voice, moods.

Input: rhythm, loudness, spectrum and tags of a result. Output: a `Mood`. It is a pure function of them, so that nothing
of it is stored in the result, and a better version takes hold without decoding a track again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from playlista.tracks.groups import Loudness, Rhythm, Spectral, Tagging, Vibenet
from playlista.tracks.mood.energy import energy_of
from playlista.tracks.mood.moods import LEAST_MOOD, MOODS, USUAL_MOOD, moods_of
from playlista.tracks.mood.voice import voice_of

__all__ = ["LEAST_MOOD", "MOODS", "MOOD_VERSION", "SILENT", "USUAL_MOOD", "Mood", "derive_mood", "mood_of"]

#: What is taken from VibeNet as it is; for energy there is our own, of all tracks alike, and for danceability, too.
_HEARD = ("valence", "acousticness", "instrumentalness", "liveness", "speechiness")

#: Version of all values here; rises when they change. The library's columns are then derived anew in the background.
MOOD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Mood:
    """All 0..1, None where what they follow from is unknown, and for silence. The last five are VibeNet's.

    energy : how intense the track is, see `energy_of`.
    voice : how likely somebody sings or speaks for a good part of it, see `voice_of`.
    moods : of each of `MOODS` how strong it is among other music, see `moods_of`.
    """

    energy: float | None
    voice: float | None
    moods: dict[str, float] | None
    valence: float | None = None
    acousticness: float | None = None
    instrumentalness: float | None = None
    liveness: float | None = None
    speechiness: float | None = None


def derive_mood(
    rhythm: Rhythm | None,
    loudness: Loudness | None,
    spectral: Spectral | None,
    tagging: Tagging | None,
    vibenet: Vibenet | None = None,
) -> Mood | None:
    """The mood of a track with these groups; None where there is no group at all."""
    if all(group is None for group in (rhythm, loudness, spectral, tagging, vibenet)):
        return None
    if loudness is not None and loudness.integrated_lufs is None and spectral is None:
        return SILENT
    return mood_of(
        None if rhythm is None else rhythm.onset_rate_hz,
        None if loudness is None else loudness.integrated_lufs,
        None if spectral is None else spectral.flux,
        None if spectral is None else spectral.flatness,
        None if tagging is None else tagging.tags,
        vibenet=None if vibenet is None else asdict(vibenet),
    )


#: The mood of silence, of which the network says something all the same.
SILENT = Mood(None, None, None)


def mood_of(
    onset_rate_hz: float | None,
    integrated_lufs: float | None,
    flux: float | None,
    flatness: float | None,
    tags: Mapping[str, float] | None,
    *,
    vibenet: Mapping[str, float] | None,
) -> Mood:
    """The mood that follows from these numbers of a result that is not silent; None: unknown."""
    energy = energy_of(onset_rate_hz, integrated_lufs, flux, flatness)
    heard = {name: vibenet[name] for name in _HEARD} if vibenet else {}
    return Mood(energy, voice_of(tags), moods_of(tags, energy), **heard)
