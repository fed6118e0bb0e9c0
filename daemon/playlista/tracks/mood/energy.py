"""How intense a track is, from its loudness, onsets, flux and spectrum."""

from __future__ import annotations

import math

from playlista.tracks.mood.logits import share_of

#: Louder and quieter tracks count as these, in LUFS: how a recording was levelled says no more beyond.
_LUFS = (-40.0, -3.0)
#: A flatter spectrum than a pure tone's is not told apart.
_LEAST_FLATNESS = 1e-4
_BASE, _PER_LU, _PER_ROOT_ONSET, _PER_FLUX, _PER_DECADE = 0.487, 0.061, 0.777, 0.068, 0.746


def energy_of(
    onset_rate_hz: float | None, integrated_lufs: float | None, flux: float | None, flatness: float | None
) -> float | None:
    """Energy 0..1, to three digits; None where one of the four is unknown.

    The logistic function of
    ``0.487 + 0.061 L + 0.777 sqrt(onsets a second) + 0.068 flux + 0.746 log10(flatness)``
    with L the integrated loudness in LUFS: loud, busy and noisy is intense, quiet, sparse and tonal is calm.

    The weights are a least-squares fit to the energy that VibeNet 0.1.0 (trained on Echo Nest's ratings) gives to 301
    excerpts of 30 s: game music, folk tunes, drums, loops, some songs. With each of some 20 sources left out of the
    fit in turn, the correlation with VibeNet is 0.73, the mean difference 0.13. It has not been compared with ratings
    by people, and it is not made for speech.
    """
    if onset_rate_hz is None or integrated_lufs is None or flux is None or flatness is None:
        return None
    lufs = min(max(integrated_lufs, _LUFS[0]), _LUFS[1])
    odds = (
        _BASE
        + _PER_LU * lufs
        + _PER_ROOT_ONSET * math.sqrt(max(0.0, onset_rate_hz))
        + _PER_FLUX * flux
        + _PER_DECADE * math.log10(max(flatness, _LEAST_FLATNESS))
    )
    return round(share_of(odds), 3)
