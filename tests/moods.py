"""Groups of results of which moods follow, for tests."""

from __future__ import annotations

from playlista.tracks import Loudness, Rhythm, Spectral, Tagging

#: The tags of the network (musicnn 0.1.0, MSD_LABELS).
MSD_TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow", "electronica",
    "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic",
    "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad", "House", "happy",
)  # fmt: skip
#: What the network says of most tags of most tracks.
_USUAL = 0.005


def rhythm_of(onset_rate_hz: float) -> Rhythm:
    return Rhythm(120.0, 0.9, 100, onset_rate_hz, 1.2)


def loud(integrated_lufs: float | None) -> Loudness:
    return Loudness(integrated_lufs, 5.0, -1.0, -4.0)


def spectrum_of(flatness: float) -> Spectral:
    return Spectral(2000.0, 4000.0, flatness, 0.5, 0.1, (10.0,) * 7, (0.0,) * 13, (1.0,) * 13)


def tagging_of(**activations: float) -> Tagging:
    return Tagging(dict.fromkeys(MSD_TAGS, _USUAL) | activations, (0.5,) * 200, 1, False, "essentia")
