"""Key, scale and tuning of a track.

Input: mono chunks at the analysis rate. Output: :class:`playlista.tracks.Tonal`: one answer for the whole track, from
everything that was heard, and the keys along it (``key_changes``). No chords.

The spectral peaks of all frames are collected in one histogram of pitch classes (``features.hpcp``). At the end it
tells first whether the track has pitched sound at all, then how far its notes lie from A = 440 Hz, and then, with
the notes taken where they really are, the key whose profile fits best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import FrameStream, frame_length_of
from playlista.features.tonal.hpcp import CENTS, REFERENCE_HZ, PeakFinder, Peaks, pitch_class_histogram, profile
from playlista.features.tonal.key_changes import KeySegments
from playlista.features.tonal.keys import Key, camelot, find_key
from playlista.native.kernels import Kernels
from playlista.tracks import Tonal

#: Version of the values in ``Tonal``; rises when they change.
VERSION = 4

#: 4096 samples at 22 050 Hz, 8192 at 44 100 Hz: bins of 5.4 Hz at either.
FRAME_SECONDS = 0.186
BATCH_FRAMES = 32

#: A track has a key where one of three things holds of the peaks that stand out from their surroundings; the figures
#: are those of docs/adr/0007-key-and-spectrum.md.
#: 1. They lie on the notes of one tuning: 1 if all do, 0 if they are spread evenly. Of music 0.55 and more do, under
#: drums 6 dB above it 0.44; of speech, whose pitch glides, up to 0.20; of drums up to 0.36. They must be some: in noise
#: a few stand out by chance and may lie anywhere, in a second up to six with 0.05 of the weight, in longer noise less.
LEAST_ON_NOTES, LEAST_SHARE, LEAST_PEAKS = 0.40, 0.05, 12
#: 2. They are many, and the notes fit a key well, as of a voice that sings alone. Speech fits with up to 0.53, drums,
#: where so many stand out, with up to 0.75.
SHARE_OF_A_FIT, LEAST_FIT = 0.16, 0.78
#: 3. Nearly all there is are steady tones: speech reaches 0.48.
SHARE_OF_TONES = 0.52

_NO_KEY = Tonal(key=None, scale=None, strength=None, camelot=None, tuning_hz=None)


class _StandingOut:
    """The peaks of a track that stand out from their surroundings: how many, how heavy, how well on a grid of notes."""

    def __init__(self) -> None:
        self._peaks = 0
        self._weight = 0.0
        self._around_notes = 0j

    def add(self, peaks: Peaks) -> None:
        """Count the peaks of some frames."""
        weight = peaks.weight[peaks.stands_out].astype(np.float64)
        semitones = 12 * np.log2(peaks.frequency_hz[peaks.stands_out].astype(np.float64) / REFERENCE_HZ)
        self._peaks += len(weight)
        self._weight += float(weight.sum())
        self._around_notes += complex((weight * np.exp(2j * np.pi * semitones)).sum())

    def are_notes(self, whole_weight: float, strength: float) -> bool:
        """Whether they are those of music; `whole_weight` is that of all peaks, `strength` that of the key found."""
        share = self._weight / whole_weight
        on_notes = abs(self._around_notes) / self._weight if self._weight else 0.0
        return (
            (share >= LEAST_SHARE and on_notes >= LEAST_ON_NOTES and self._peaks >= LEAST_PEAKS)
            or (share >= SHARE_OF_A_FIT and strength >= LEAST_FIT)
            or share >= SHARE_OF_TONES
        )


class TonalAccumulator:
    """Key and tuning of one track, from chunks of any length.

    Parameters
    ----------
    sample_rate_hz : int
        Rate of the chunks, 8000 or more. Only the band from 25 to 3500 Hz counts, so that the answer does not
        depend on the rate.
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(self, sample_rate_hz: int, *, kernels: Kernels | None = None) -> None:
        frame_length = frame_length_of(FRAME_SECONDS, sample_rate_hz)
        self._frames = FrameStream(frame_length, frame_length * 3 // 4, BATCH_FRAMES)
        self._peaks = PeakFinder(sample_rate_hz, frame_length, kernels)
        self._histogram = np.zeros(CENTS)
        self._segments = KeySegments(BATCH_FRAMES * self._frames.hop_length / sample_rate_hz)
        self._weight = 0.0
        self._standing_out = _StandingOut()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the histogram and of the profiles along the track; constant."""
        return self._frames.retained_bytes + self._histogram.nbytes + self._segments.retained_bytes

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n,), float16 or float32, mono, -1..1]
        """
        for batch in self._frames.push(chunk):
            self._collect(batch)

    def result(self) -> Tonal:
        """Close the stream and answer.

        Returns
        -------
        Tonal
            ``key`` : "C".."B", with sharps; ``scale`` : "major" or "minor"; ``strength`` : correlation of the
            track's pitch class profile with that of the key, 0..1; ``camelot`` : the same key on the Camelot wheel,
            "1A".."12B"; ``tuning_hz`` : frequency of A, within a quarter tone of 440 Hz. All are None where no notes
            were heard: silence, noise, speech, unpitched percussion. A key that is hard to tell has a low strength.
            ``key_changes`` : see :meth:`playlista.features.tonal.key_changes.KeySegments.changes`; where the key does
            not change, the key of the track.
        """
        for batch in self._frames.flush():
            self._collect(batch)
        if self._weight == 0.0:
            return _NO_KEY
        cents = tuning_cents(self._histogram)
        key = find_key(profile(self._histogram, cents))
        if not self._standing_out.are_notes(self._weight, key.strength):
            return _NO_KEY
        return Tonal(
            key=key.tonic,
            scale=key.scale,
            strength=key.strength,
            camelot=camelot(key.tonic, key.scale),
            tuning_hz=REFERENCE_HZ * 2 ** (cents / CENTS),
            key_changes=self._key_changes(cents, key),
        )

    def _key_changes(self, tuning_cents: float, key: Key) -> tuple[tuple[float, str, str], ...]:
        """The stretches; one alone has the key of the whole track, which knows more than they do."""
        changes = self._segments.changes(tuning_cents)
        return tuple(changes) if len(changes) > 1 else ((0.0, key.tonic, key.scale),)

    def reset(self) -> None:
        """Forget the track."""
        self._frames.reset()
        self._segments.reset()
        self._histogram[:] = 0.0
        self._weight = 0.0
        self._standing_out = _StandingOut()

    def _collect(self, batch: NDArray[np.float32]) -> None:
        peaks = self._peaks.find(batch)
        histogram = pitch_class_histogram(peaks.frequency_hz, peaks.weight)
        self._histogram += histogram
        self._segments.add(histogram)
        self._weight += float(peaks.weight.sum())
        self._standing_out.add(peaks)


def tuning_cents(histogram: NDArray[np.float64]) -> float:
    """How far the notes lie above those of A = 440 Hz: cents, -50..50.

    The circular mean of the peaks' distances from the nearest semitone, weighted with their energy.

    Parameters
    ----------
    histogram : np.ndarray [shape=(1200,), float64]
        Weight of every pitch class, in cents above A = 440 Hz.
    """
    semitones = np.arange(CENTS) / 100
    return float(np.angle(histogram @ np.exp(2j * np.pi * semitones)) * 100 / (2 * np.pi))
