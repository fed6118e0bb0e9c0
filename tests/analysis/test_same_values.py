"""What values depend on: the bytes and the settings to the bit, the CPU and its BLAS kernel by less than is said.

The bound is that of docs/adr/0013-origin-of-results.md: a ten-thousandth of a value, and no other key, scale or count.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlista.config import Settings
from playlista.features.analyzer import FeatureAnalyzer, Features
from playlista.memory_optimized_loader import MemoryOptimizedLoader
from tests import signals
from tests.exhaustive import examples, exhaustive
from tests.system.fresh_python import ROOT, run_python

SECONDS = 8.0
RELATIVE_BOUND = 1e-4
PAUSES = st.lists(st.sampled_from((0.0, 0.0, 0.001, 0.005)), min_size=1, max_size=6)

# Prints the feature groups of the file that is named by SONG.
ANALYZE = """
import json, os
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
result = AudioAnalyzer(Settings()).analyze(os.environ["SONG"]).to_json()
print(json.dumps({group: result[group] for group in ("rhythm", "tonal", "loudness", "spectral", "fingerprint")}))
"""


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Rows of its product with 37 weights differ in the last bit between one and two threads of OpenBLAS on AVX-512.
    return signals.write(tmp_path_factory.mktemp("same") / "song.ogg", signals.song(SECONDS, bpm=160, seed=290))


def paused(items: Callable[[], Iterator[Any]], pauses: list[float]) -> Callable[[], Iterator[Any]]:
    """`items`, each after the next of `pauses`."""

    def slowly() -> Iterator[Any]:
        for item, seconds in zip(items(), cycle(pauses), strict=False):
            time.sleep(seconds)
            yield item

    return slowly


def features(path: Path, chunk_seconds: float, decoding: list[float], analyzing: list[float]) -> Features:
    """Features of a file that is decoded ahead, in blocks of `chunk_seconds`, with pauses on either side."""
    chosen = replace(Settings(), memory_optimized_chunk_duration_seconds=chunk_seconds)
    with MemoryOptimizedLoader(chosen).open(path, ahead=True) as stream:
        stream._source.blocks = paused(stream._source.blocks, decoding)  # type: ignore[method-assign]
        info = stream.info
        analyzer = FeatureAnalyzer(info.sample_rate_hz, info.channels, stream.analysis_rate_hz, tagger=None)
        for chunk, seconds in zip(stream, cycle(analyzing), strict=False):
            analyzer.update(chunk)
            time.sleep(seconds)
    return analyzer.result()


@settings(max_examples=examples(12))
@given(chunk_seconds=st.floats(0.1, 10), decoding=PAUSES, analyzing=PAUSES)
def test_values_are_the_same_to_the_bit_whatever_the_chunks_and_whichever_thread_waits(
    song: Path, chunk_seconds: float, decoding: list[float], analyzing: list[float]
) -> None:
    assert features(song, chunk_seconds, decoding, analyzing) == features(song, 3.0, [0.0], [0.0])


def fresh_features(song: Path, **environment: str) -> dict[str, Any]:
    """The feature groups as a new process with these variables computes them."""
    return dict(json.loads(run_python(ANALYZE, SONG=str(song), **environment)))


@pytest.fixture(scope="module")
def usual(song: Path) -> dict[str, Any]:
    return fresh_features(song, OPENBLAS_NUM_THREADS="1")


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Nehalem"},
        {"OPENBLAS_NUM_THREADS": "1", "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3"},
        *exhaustive([{"OPENBLAS_NUM_THREADS": "2"}, {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"}]),
    ],
    ids=lambda environment: " ".join(f"{name}={value}" for name, value in environment.items()),
)
def test_another_kernel_of_blas_or_numpy_moves_a_value_by_less_than_the_bound(
    song: Path, usual: dict[str, Any], environment: dict[str, str]
) -> None:
    other = fresh_features(song, **environment)
    assert [name for name in usual if not close(usual[name], other[name])] == []


def close(one: Any, other: Any) -> bool:
    """Whether numbers agree within the bound, and all else is equal."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE_BOUND)
    return bool(one == other)


def test_a_soak_computes_with_one_thread_as_the_daemon_does() -> None:
    code = (
        "import os\n"
        "from tests.soak import __main__ as soak\n"
        "soak._prove = lambda *_: print(os.environ['OPENBLAS_NUM_THREADS'])\n"
        "soak.main(['week'])"
    )
    assert run_python(code, PYTHONPATH=f"{ROOT / 'daemon'}:{ROOT}") == "1"
