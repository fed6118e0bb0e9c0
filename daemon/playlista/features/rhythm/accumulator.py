"""Rhythm of a track: tempo and its confidence, beats, onset rate, danceability.

Input: mono chunks at the analysis rate, of any length. Output: :class:`playlista.tracks.Rhythm`, and the
times of the beats. The parts are in ``onsets``, ``tempogram``, ``tempo``, ``beats`` and ``danceability``; each names
its source.

While the track streams by, one byte is kept for every 16 ms of it. Tempo and beats come out of those at the end, a
stretch at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from playlista.features.accumulator import noop
from playlista.features.rhythm.beats import NO_BEATS, BeatPath, beat_times, follow_beats
from playlista.features.rhythm.confidence import confidence, evidence_of
from playlista.features.rhythm.danceability import DanceabilityAccumulator
from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.features.rhythm.tempo import BeatPeriods, beat_periods, estimate_tempo, tempo_changes
from playlista.features.rhythm.tempogram import Tempogram
from playlista.native.kernels import Kernels
from playlista.tracks import Rhythm
from playlista.tracks.beat_grid import encode_beats

#: Version of the values in ``Rhythm``; rises when they change.
VERSION = 4


class RhythmAccumulator:
    """Rhythm of one track.

    Parameters
    ----------
    sample_rate_hz : int
        Rate of the chunks, 8000..48000. Times are exact at every rate. From 22 050 Hz up all rates hear the same band;
        below, hi-hats are missing.
    tempo_range : tuple of int, optional
        The slowest and the fastest tempo to count in, at least an octave apart.
    checkpoint : callable
        Called now and then while the end of a long track is worked out; what it raises ends ``result``.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        *,
        tempo_range: tuple[int, int] | None = None,
        checkpoint: Callable[[], None] = noop,
        kernels: Kernels | None = None,
    ) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._tempo_range = tempo_range
        self._envelope = OnsetEnvelope(sample_rate_hz, checkpoint=checkpoint, kernels=kernels)
        self._danceability = DanceabilityAccumulator(sample_rate_hz)
        self._periods: BeatPeriods | None
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples and of the envelope, which grows by 62.5 a second of audio."""
        return self._envelope.retained_bytes + self._danceability.retained_bytes

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n,), float16 or float32, mono, -1..1]
        """
        self._samples += chunk.size
        self._envelope.update(chunk)
        self._danceability.update(chunk)

    def result(self) -> Rhythm:
        """Close the stream and answer.

        Returns
        -------
        Rhythm
            ``bpm`` 45..220, None where there is no beat; ``bpm_confidence`` 0..1, as in
            :func:`playlista.features.rhythm.confidence.confidence`; ``beats_count``, 0 where there is no beat;
            ``onset_rate_hz``, onsets a second, 0 for silence; ``danceability`` as in
            :meth:`playlista.features.rhythm.danceability.DanceabilityAccumulator.result`.
        """
        self._envelope.close()
        seconds = max(self._samples, 1) / self._sample_rate_hz
        onsets = self._envelope.onsets()
        tempogram = Tempogram(self._envelope, self._tempo_range)
        tempo = estimate_tempo(tempogram, onsets)
        self._periods = None if tempo.bpm is None else beat_periods(tempogram, tempo.bpm)
        path = self._beat_path()
        beats = beat_times(self._envelope, path)
        return Rhythm(
            bpm=tempo.bpm,
            bpm_confidence=confidence(tempo, evidence_of(tempo, self._envelope, path)),
            beats_count=len(beats),
            onset_rate_hz=len(onsets.frames) / seconds,
            danceability=self._danceability.result(),
            bpm_candidates=tempo.candidates,
            tempo_changes=() if self._periods is None else tempo_changes(self._periods, self._envelope.frame_rate_hz),
            beat_grid=encode_beats(beats.tolist()),
        )

    def beat_times(self) -> NDArray[np.float64]:
        """Times of the beats [shape=(beats,), seconds, ascending], computed anew; empty before ``result``."""
        return beat_times(self._envelope, self._beat_path())

    def _beat_path(self) -> BeatPath:
        return NO_BEATS if self._periods is None else follow_beats(self._envelope, self._periods)

    def reset(self) -> None:
        """Forget the track."""
        self._samples = 0
        self._periods = None
        self._envelope.reset()
        self._danceability.reset()
