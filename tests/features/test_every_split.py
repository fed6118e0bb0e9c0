"""Random splits of one signal, for every accumulator, for all of them together, and from a file on: one answer.

Each accumulator's own tests ask this at its usual rate; here the signals are long enough that every buffer wraps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.config import Settings
from playlista.features.accumulator import Accumulator
from playlista.features.analyzer import FeatureAnalyzer, Features
from playlista.features.fingerprint.accumulator import FingerprintAccumulator
from playlista.features.health.accumulator import HealthAccumulator
from playlista.features.loudness.accumulator import LoudnessAccumulator
from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.features.rhythm.danceability import DanceabilityAccumulator
from playlista.features.spectral.accumulator import SpectralAccumulator
from playlista.features.tags.accumulator import TagsAccumulator
from playlista.features.tonal.accumulator import TonalAccumulator
from playlista.features.vibenet.accumulator import VibenetAccumulator
from playlista.memory_optimized_loader import MemoryOptimizedLoader
from playlista.system.callbacks import noop
from playlista.tracks import FEATURE_GROUPS, Vibenet
from playlista.tracks.chunks import AudioChunk
from tests import signals
from tests.exhaustive import examples
from tests.kernels import way

pytestmark = pytest.mark.usefixtures("each_way")

RATE_HZ = 8000
SECONDS = 45
STEREO = signals.song(SECONDS, RATE_HZ, 97)
MONO = STEREO[:, 0].astype(np.float16)
FRACTIONS = st.lists(st.floats(0, 1), max_size=12)


class Probe:
    """At the model's edge: answers with means of the patches."""

    name = "probe"

    def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return patches.mean(axis=(1, 2))[:, np.newaxis], patches.mean(axis=1)[:, :5]

    def values(self, bands: NDArray[np.float32], _checkpoint: Callable[[], None]) -> dict[str, float]:
        return dict(zip([entry.name for entry in fields(Vibenet)], bands.mean(axis=1).tolist(), strict=False))


ACCUMULATORS: dict[str, tuple[Callable[[], Accumulator[Any]], NDArray[np.floating]]] = {
    "rhythm": (lambda: RhythmAccumulator(RATE_HZ), MONO),
    "danceability": (lambda: DanceabilityAccumulator(RATE_HZ), MONO),
    "tonal": (lambda: TonalAccumulator(RATE_HZ, kernels=way.kernels), MONO),
    "loudness": (lambda: LoudnessAccumulator(RATE_HZ, 2, kernels=way.kernels), STEREO),
    "health": (lambda: HealthAccumulator(RATE_HZ, 2, kernels=way.kernels), STEREO),
    "spectral": (lambda: SpectralAccumulator(RATE_HZ, kernels=way.kernels), MONO),
    "fingerprint": (lambda: FingerprintAccumulator(RATE_HZ, kernels=way.kernels), MONO),
    "vibenet": (lambda: VibenetAccumulator(Probe(), noop), STEREO[:, 0]),
    "tags": (lambda: TagsAccumulator(Probe(), ["mean"], batch_size=3), STEREO[:, 0]),
}


def split(signal: NDArray[Any], fractions: list[float]) -> list[NDArray[Any]]:
    """`signal` cut at fractions of its length; pieces may be empty."""
    return np.split(signal, sorted(round(fraction * len(signal)) for fraction in fractions))


def answer(accumulator: Accumulator[Any], pieces: list[NDArray[Any]]) -> object:
    for piece in pieces:
        accumulator.update(piece)
    return accumulator.result()


def test_every_feature_group_is_among_them() -> None:
    assert set(ACCUMULATORS) >= set(FEATURE_GROUPS)


@pytest.mark.parametrize("name", ACCUMULATORS)
@settings(max_examples=examples(6))
@given(fractions=FRACTIONS)
def test_an_accumulator_gives_one_answer_for_every_split_new_or_reset(name: str, fractions: list[float]) -> None:
    make, signal = ACCUMULATORS[name]
    whole = answer(make(), [signal])
    assert whole is not None
    accumulator = make()
    assert answer(accumulator, split(signal, fractions)) == whole
    accumulator.reset()
    assert answer(accumulator, split(signal, fractions[::2])) == whole


def features(signals: list[list[NDArray[Any]]]) -> Features:
    """Features of signals that are cut each in its own way; a signal may be empty in a chunk."""
    tagger = TagsAccumulator(Probe(), ["mean"])
    analyzer = FeatureAnalyzer(RATE_HZ, 2, RATE_HZ, tagger=tagger, kernels=way.kernels)
    ends = (STEREO[:0], MONO[:0], STEREO[:0, 0])
    for number in range(max(map(len, signals))):
        pieces = (signal[number] if number < len(signal) else end for signal, end in zip(signals, ends, strict=True))
        analyzer.update(AudioChunk(*pieces))
    return analyzer.result()


@settings(max_examples=examples(6))
@given(st.tuples(FRACTIONS, FRACTIONS, FRACTIONS))
def test_all_accumulators_together_give_one_answer_however_each_signal_is_cut(cuts: tuple[list[float], ...]) -> None:
    signals = (STEREO, MONO, STEREO[:, 0])
    cut = [split(signal, fractions) for signal, fractions in zip(signals, cuts, strict=True)]
    assert features(cut) == features([[signal] for signal in signals])


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signals.write(tmp_path_factory.mktemp("splits") / "song.flac", signals.song(12, bpm=97))


def stream_features(path: Path, chunk_seconds: float) -> Features:
    """Features of a file that is decoded in blocks of `chunk_seconds`."""
    chosen = replace(Settings(), memory_optimized_chunk_duration_seconds=chunk_seconds)
    with MemoryOptimizedLoader(chosen).open(path) as stream:
        info, tagger = stream.info, TagsAccumulator(Probe(), ["mean"])
        analyzer = FeatureAnalyzer(
            info.sample_rate_hz, info.channels, stream.analysis_rate_hz, tagger=tagger, kernels=way.kernels
        )
        for chunk in stream:
            analyzer.update(chunk)
    return analyzer.result()


@settings(max_examples=examples(8))
@given(chunk_seconds=st.floats(0.02, 20))
def test_a_file_gives_one_answer_whatever_the_blocks_it_is_decoded_in(recording: Path, chunk_seconds: float) -> None:
    assert stream_features(recording, chunk_seconds) == stream_features(recording, 3.0)
