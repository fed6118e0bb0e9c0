"""ReplayGain 2 of an album: the loudness of all its tracks played one after the other, and their highest peak.

Input: the tracks of an album. Output: gain and peak, or None where they are not known for all of it. The loudness of a
programme is a mean over its windows of 400 ms that pass a gate (ITU-R BS.1770-5). Of each track the mean and the length
are known, so the album's mean is theirs weighted by length, with the standard's relative gate over tracks: one that is
10 LU below the mean, such as a spoken interlude, hardly counts in the windows either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from playlista.library.album_tracks import AlbumTrack
from playlista.outputs.file_tags.fields import AlbumGain

REPLAYGAIN_TARGET_LUFS = -18.0
#: BS.1770-5: what lies so far below the mean does not count.
GATE_LU = -10.0


def album_gain(tracks: Sequence[AlbumTrack]) -> AlbumGain | None:
    """Gain and peak of an album of these tracks; None where one of them is not analyzed whole, or all are silent."""
    if not all(track.is_analyzed for track in tracks):
        return None
    heard = [(track.integrated_lufs, track.seconds) for track in tracks if track.integrated_lufs is not None]
    if not heard:
        return None
    mean_lufs = _mean_lufs(heard)
    gated = _mean_lufs([(lufs, seconds) for lufs, seconds in heard if lufs >= mean_lufs + GATE_LU])
    peaks = [track.true_peak_dbtp for track in tracks if track.true_peak_dbtp is not None]
    return AlbumGain(REPLAYGAIN_TARGET_LUFS - gated, 10 ** (max(peaks) / 20) if peaks else None)


def _mean_lufs(heard: Sequence[tuple[float, float]]) -> float:
    """Loudness of the mean energy."""
    energy = sum(10 ** (lufs / 10) * seconds for lufs, seconds in heard)
    return 10 * math.log10(energy / sum(seconds for _, seconds in heard))
