"""Rhythm: tempo and how sure it is, beats, onsets, danceability.

What enters: mono chunks at the analysis rate. What leaves: ``Rhythm``. While the track streams by, only its onset
envelope is kept, a byte a frame; tempo and beats are found in it at the end, a stretch at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.beats import track_beats
from playlista.features.danceability import DanceabilityAccumulator
from playlista.features.onsets import OnsetEnvelope
from playlista.features.tempo import Tempogram, estimate_tempo, local_bpm
from playlista.tracks import Rhythm

VERSION: int = 1

_NO_BEATS = np.zeros(0)


class RhythmAccumulator:
    """Rhythm of one track; keeps 62.5 bytes a second of it."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._onsets = OnsetEnvelope(sample_rate_hz)
        self._dance = DanceabilityAccumulator(sample_rate_hz)
        self._samples = 0
        self._sample_rate_hz = sample_rate_hz
        #: Times of the beats in seconds, after `result`.
        self.beat_times: NDArray[np.float64] = _NO_BEATS

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the onset envelope and of the sums."""
        return self._onsets.retained_bytes + self._dance.retained_bytes

    def reset(self) -> None:
        """Forget the track."""
        self._onsets.reset()
        self._dance.reset()
        self._samples = 0
        self.beat_times = _NO_BEATS

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples [shape=(n,), float16 or float32, mono, -1..1]."""
        self._samples += chunk.size
        self._onsets.update(chunk)
        self._dance.update(chunk)

    def result(self) -> Rhythm:
        """Rhythm of the track.

        Returns
        -------
        Rhythm
            ``bpm`` 45..220 (see ``tempo``), None without a beat; ``bpm_confidence`` 0..1, then 0; ``beats_count``;
            ``onset_rate_hz``, onsets a second (see ``onsets``), 0 for no sound; ``danceability`` (see that module).
        """
        self._onsets.close()
        onsets = sum(len(frames) for frames in self._onsets.onset_frames())
        if not len(self._onsets):
            return Rhythm(bpm=None, bpm_confidence=0.0, beats_count=0, onset_rate_hz=0.0, danceability=None)
        tempogram = Tempogram(self._onsets)
        tempo = estimate_tempo(tempogram)
        if tempo.bpm is not None:
            period_frames = 60.0 * self._onsets.frame_rate_hz / local_bpm(tempogram, tempo.bpm)
            self.beat_times = track_beats(self._onsets, period_frames, tempogram.hop_frames)
        return Rhythm(
            bpm=tempo.bpm,
            bpm_confidence=tempo.confidence,
            beats_count=len(self.beat_times),
            onset_rate_hz=onsets * self._sample_rate_hz / self._samples,
            danceability=self._dance.result(),
        )
