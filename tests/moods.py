"""Groups of results of which moods follow, for tests."""

from __future__ import annotations

from benchmarks.synthetic_library import MSD_TAGS
from playlista.tracks import Loudness, Rhythm, Spectral, Tagging

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
