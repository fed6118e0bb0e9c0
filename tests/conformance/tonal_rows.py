"""Key and tuning of recordings in known keys, of cadences, and of what has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from playlista.features.tonal.accumulator import TonalAccumulator
from playlista.features.tonal.keys import camelot
from playlista.tracks import Tonal
from tests.conformance.essentia_reference import essentia
from tests.conformance.recordings import Recording
from tests.conformance.rows import Row, greatest
from tests.features.tones import cadence, coloured_noise

SHARPS = {"Bb": "A#", "Eb": "D#", "Ab": "G#", "Db": "C#", "Gb": "F#"}
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
#: The wheel as it is printed, from 1 to 12 (M. Davis, "Camelot Easymix system").
WHEEL = {
    "minor": ("G#", "D#", "A#", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"),
    "major": ("B", "F#", "C#", "G#", "D#", "A#", "F", "C", "G", "D", "A", "E"),
}
#: Keys of the recordings in ../shared/audio/TRUTH.tsv that have a scale.
KEYS = {
    "Hungarian_Dance": ("G", "minor"),
    "Lets_Go_Fishin": ("A#", "major"),
    "Sugar_Plum_Fairy": ("E", "minor"),
    "Vibe_Ace": ("E", "major"),
    "guit_em9": ("E", "minor"),
    "loop_drone_g_97": ("G", "minor"),
}
KEYLESS = {
    "silence": np.zeros(10 * 22050, np.float32),
    "white noise": coloured_noise(10, 0),
    "pink noise": coloured_noise(10, 1),
    "brown noise": coloured_noise(10, 2),
}
TUNINGS_CENTS = (-40, -15, 0, 25, 45)
#: A listener notices 5 cents at best.
TUNING_TOLERANCE_CENTS = 2.0


def tonal(signal: NDArray[np.floating], rate_hz: int = 22050) -> Tonal:
    """Our answer."""
    accumulator = TonalAccumulator(rate_hz)
    accumulator.update(signal)
    return accumulator.result()


def named(tracks: Sequence[Recording], part: str) -> Recording:
    """The recording with `part` in its name."""
    return next(track for track in tracks if part in track.name)


def essentia_key(full: NDArray[np.float32]) -> tuple[str, str]:
    """KeyExtractor's answer with its ``bgate`` profile at 44.1 kHz, spelt with sharps."""
    tonic, scale, _ = essentia("KeyExtractor", profileType="bgate")(full)
    return SHARPS.get(tonic, tonic), scale


def recording_rows(tracks: Sequence[Recording]) -> Iterator[Row]:
    """Every recording in a known key, then how many there are against essentia."""
    right = theirs_right = 0
    for part, truth in KEYS.items():
        track = named(tracks, part)
        found, theirs = tonal(track.optimized), essentia_key(track.full)
        passed = (found.key, found.scale) == truth
        right, theirs_right = right + passed, theirs_right + (theirs == truth)
        yield Row(f"key: {part}", f"{found.key} {found.scale}", " ".join(truth), "TRUTH.tsv", "exact", passed)
    source = "KeyExtractor bgate, 44.1 kHz"
    yield Row(f"key: right of {len(KEYS)}", right, f"{theirs_right} at least", source, "", right >= theirs_right)


def rows() -> Iterator[Row]:
    """What needs no recordings."""
    wheel = {f"{key} {scale}": (camelot(key, scale), WHEEL[scale].index(key) + 1) for scale in WHEEL for key in NOTES}
    right = sum(code == f"{hour}{'A' if 'minor' in key else 'B'}" for key, (code, hour) in wheel.items())
    yield Row("camelot: right of 24", right, 24, "Camelot Easymix, as printed", "exact", right == 24)
    keys = [(tonic, scale) for scale in WHEEL for tonic in range(12)]
    found = [tonal(cadence(tonic, scale).astype(np.float16)) for tonic, scale in keys]
    right = sum(
        (each.key, each.scale) == (NOTES[tonic], scale) for each, (tonic, scale) in zip(found, keys, strict=True)
    )
    yield Row("key: cadences in 24 keys", right, 24, "by construction", "exact", right == 24)
    yield tuning_row()
    for name, samples in KEYLESS.items():
        answer = tonal(samples)
        yield Row(f"key: {name}", answer.key or "none", "none", "by construction", "exact", answer.key is None)


def tuning_row() -> Row:
    """The greatest error of the tuning of cadences."""
    apart = []
    for cents in TUNINGS_CENTS:
        found = tonal(cadence(7, "major", tuning_cents=cents).astype(np.float16)).tuning_hz
        apart.append(np.inf if found is None else abs(1200 * np.log2(found / 440) - cents))
    name = f"tuning_hz: cadences {min(TUNINGS_CENTS)} to +{max(TUNINGS_CENTS)} cents off A = 440 Hz"
    return greatest(name, max(apart), TUNING_TOLERANCE_CENTS, truth="the same", source="by construction", unit="cents")
