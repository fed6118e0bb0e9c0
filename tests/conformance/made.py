"""Music made on the spot, for what does not depend on a real recording: beats, keys, noise and swells.

What it is made of is known by construction: `Recording.truth` has the tempo and the key where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from tests import signals
from tests.conformance.recordings import Recording
from tests.features import rhythm_signals
from tests.features.tones import cadence, coloured_noise, drums

RATE_HZ = 44100
SECONDS = 20.0
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
#: Tempo, tonic in semitones above C, and scale of each piece: drums under a cadence.
PIECES = (
    (80, 0, "major"), (88, 9, "minor"), (96, 7, "major"), (104, 4, "minor"), (112, 2, "major"), (120, 11, "minor"),
    (128, 5, "major"), (136, 1, "minor"), (144, 10, "major"), (152, 6, "minor"), (160, 3, "major"), (168, 8, "minor"),
)  # fmt: skip
#: Nothing beats in these, and nothing has a key.
NOISE_SLOPES = {"white": 0.0, "pink": 1.0, "brown": 2.0}


def piece(bpm: float, tonic: int, scale: str, seconds: float = SECONDS) -> NDArray[np.float32]:
    """Drums at `bpm` under cadences of two beats a chord [shape=(n,), 44.1 kHz]."""
    chords = np.resize(cadence(tonic, scale, RATE_HZ, chord_seconds=120 / bpm), round(seconds * RATE_HZ))
    return np.asarray(0.5 * chords + 0.5 * drums(seconds, RATE_HZ, bpm, seed=tonic), dtype=np.float32)


def made_recordings() -> list[Recording]:
    """Pieces, drums and noise, 20 s each, at 44.1 kHz and as the optimized analysis gets them."""
    return [
        Recording(name, full, soxr.resample(full, RATE_HZ, 22050).astype(np.float16), truth)
        for name, full, truth in _pieces()
    ]


def _pieces() -> Iterator[tuple[str, NDArray[np.float32], dict[str, str]]]:
    for bpm, tonic, scale in PIECES:
        key = f"{NOTES[tonic]} {scale}"
        yield f"made: {key} at {bpm}", piece(bpm, tonic, scale), {"bpm": str(bpm), "key": key}
    for bpm in range(85, 170, 12):
        pattern = rhythm_signals.drums(bpm, SECONDS, jitter_seconds=0.005)
        upsampled = soxr.resample(pattern.samples, rhythm_signals.RATE_HZ, RATE_HZ).astype(np.float32)
        yield f"made: drums at {bpm}", upsampled, {"bpm": str(bpm)}
    for name, slope in NOISE_SLOPES.items():
        yield f"made: {name} noise", coloured_noise(SECONDS, slope, RATE_HZ), {}


def made_tracks() -> Iterator[tuple[str, NDArray[np.float32], int]]:
    """Name, samples [shape=(n, channels)] and rate: for loudness, in stereo and mono, quiet, loud and swelling."""
    for rate_hz in (22050, 44100, 48000, 96000):
        yield f"song at {rate_hz} Hz", signals.song(5, rate_hz), rate_hz
    for bpm, tonic, scale in PIECES[::4]:
        yield f"piece at {bpm}", piece(bpm, tonic, scale, 5)[:, np.newaxis], RATE_HZ
    swell = signals.song(40) * np.linspace(0.02, 1, 40 * RATE_HZ, dtype=np.float32)[:, np.newaxis] ** 2
    yield "a swell over 34 dB", swell, RATE_HZ
    tone = signals.sine(11024, 5)[:, np.newaxis]  # by whose samples the peak is 3 dB less where they fall badly
    yield "a tone at a quarter of the rate", tone * np.hanning(len(tone)).astype(np.float32)[:, np.newaxis], RATE_HZ
    left, right = (coloured_noise(5, 1, RATE_HZ, seed) for seed in (0, 1))
    yield "pink noise, left louder", np.stack([left, 0.25 * right], axis=1), RATE_HZ
    yield "a faint song", 0.003 * signals.song(5), RATE_HZ
