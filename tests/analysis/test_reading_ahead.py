"""Decoding and tagging in other threads: where it happens, and that only the wall clock shows it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.errors import FailureReason, Interrupted, TrackError
from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.features.tags.accumulator import TagsAccumulator
from playlista.memory.cgroup import Cgroup
from playlista.memory.configuration import predict
from playlista.memory_optimized_loader import MemoryOptimizedLoader
from playlista.tracks import Analysis
from tests import signals
from tests.deadlines import programs_per_cpu

SECONDS = 20.0
CHUNK_SECONDS = Settings().memory_optimized_chunk_duration_seconds


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signals.write(tmp_path_factory.mktemp("ahead") / "song.flac", signals.song(SECONDS))


@pytest.fixture
def torn(song: Path, tmp_path: Path) -> Path:
    """The song with a hole of zeros in its last third."""
    content = bytearray(song.read_bytes())
    start = 2 * len(content) // 3
    content[start : start + 40_000] = bytes(40_000)
    path = tmp_path / "torn.flac"
    path.write_bytes(content)
    return path


def analyzer(cpus: int, settings: Settings | None = None, **parts: Any) -> AudioAnalyzer:
    return AudioAnalyzer(settings or Settings(), cgroup=Cgroup(affinity=lambda: cpus), **parts)


def both(path: Path, **changed: object) -> list[Analysis]:
    """The results with one CPU and with two."""
    settings = replace(Settings(), **changed)  # type: ignore[arg-type]
    return [analyzer(cpus, settings).analyze(str(path)) for cpus in (1, 2)]


def values(analysis: Analysis) -> dict[str, Any]:
    """All of a result but what it cost."""
    content = json.loads(json.dumps(analysis.to_json()))
    return {key: value for key, value in content.items() if key not in ("timings", "memory")}


def readers() -> list[str]:
    """Threads that are decoding ahead."""
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


@pytest.mark.parametrize(("cpus", "expected"), [(1, 0), (2, 1), (8, 1)])
def test_a_second_thread_decodes_where_a_second_cpu_is_ours(song: Path, cpus: int, expected: int) -> None:
    seen: list[int] = []
    analyzer(cpus, cleanup=lambda: seen.append(len(readers()))).analyze(str(song))
    assert seen[0] == expected
    assert readers() == []


def test_it_does_not_where_memory_is_so_short_that_chunks_are_smaller(song: Path) -> None:
    seen: list[int] = []
    short = Pass(configuration=predict(CHUNK_SECONDS / 3, 1))
    analyzer(2, cleanup=lambda: seen.append(len(readers()))).analyze(str(song), how=short)
    assert set(seen) == {0}


def test_the_result_is_the_same_to_the_bit(song: Path) -> None:
    alone, parallel = both(song)
    assert values(parallel) == values(alone)
    assert parallel.music_hash == alone.music_hash


def test_a_torn_file_is_partial_in_the_same_place(torn: Path) -> None:
    alone, parallel = both(torn)
    assert alone.reason is FailureReason.CORRUPT
    assert values(parallel) == values(alone)


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_file_that_does_not_begin_fails_with_its_reason(tmp_path: Path, cpus: int) -> None:
    path = tmp_path / "noise.flac"
    path.write_bytes(np.random.default_rng(1).bytes(50_000))
    with pytest.raises(TrackError) as caught:
        analyzer(cpus).analyze(str(path))
    assert caught.value.reason is FailureReason.NOT_AUDIO
    assert readers() == []


def test_a_cut_at_the_budget_counts_only_what_was_analyzed(song: Path) -> None:
    alone, parallel = both(song, memory_optimized_max_mb_per_track=1.0)
    assert alone.audio is not None
    assert alone.audio.truncated
    assert 0 < alone.audio.analyzed_seconds <= CHUNK_SECONDS
    assert values(parallel)["audio"]["analyzed_seconds"] == alone.audio.analyzed_seconds
    assert values(parallel)["rhythm"] == values(alone)["rhythm"]
    assert readers() == []


def test_a_stop_ends_both_threads_within_a_chunk(song: Path) -> None:
    stop = threading.Event()
    chunks = 0

    def after_chunk() -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 2:
            stop.set()

    with pytest.raises(Interrupted):
        analyzer(2, stop=stop.is_set, cleanup=after_chunk).analyze(str(song))
    assert chunks <= 3  # one may have been made before the stop
    assert readers() == []


def test_a_track_that_takes_too_long_is_partial_and_leaves_no_thread(song: Path) -> None:
    hours = iter(3600.0 * number for number in range(1000))
    late = analyzer(2, replace(Settings(), track_timeout_seconds=7200), clock=lambda: next(hours))
    analysis = late.analyze(str(song))
    assert analysis.reason is FailureReason.DECODE_TIMEOUT
    assert analysis.audio is not None
    assert 0 < analysis.audio.analyzed_seconds < SECONDS
    assert readers() == []


def test_an_error_in_a_feature_leaves_no_thread(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_accumulator: RhythmAccumulator, _chunk: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RhythmAccumulator, "update", fail)
    with pytest.raises(ZeroDivisionError):
        analyzer(2).analyze(str(song))
    assert readers() == []


def test_seconds_of_decoding_are_counted_in_the_thread_that_decodes(song: Path) -> None:
    started = time.process_time()
    timings = analyzer(2).analyze(str(song)).timings
    spent = time.process_time() - started
    stages = timings.decode_seconds + timings.resample_seconds + timings.rhythm_seconds + timings.loudness_seconds
    assert min(timings.decode_seconds, timings.resample_seconds) > 0
    assert stages <= spent + 0.01  # the clock of the process ticks in milliseconds on some kernels


def test_one_chunk_more_is_held(song: Path) -> None:
    def held(*, ahead: bool) -> int:
        with MemoryOptimizedLoader(Settings()).open(song, ahead=ahead) as stream:
            for _chunk in stream:
                pass
            return stream.held_bytes

    assert held(ahead=True) == 2 * held(ahead=False)


def slow(work: Callable[[], Iterator[Any]], seconds: float) -> Callable[..., Iterator[Any]]:
    """`work`, with a pause before every item."""

    def paused(*_arguments: Any) -> Iterator[Any]:
        for item in work():
            time.sleep(seconds)
            yield item

    return paused


def test_time_spent_decoding_and_time_spent_analyzing_do_not_add_up(song: Path) -> None:
    """Each side sleeps, the longer the busier the machine: at once they take half as long as one after the other."""
    pause, wall = 0.15 * programs_per_cpu(), {}
    for ahead in (False, True):
        with MemoryOptimizedLoader(Settings()).open(song, ahead=ahead) as stream:
            stream._source.blocks = slow(stream._source.blocks, pause)  # type: ignore[method-assign]
            started = time.monotonic()
            for _chunk in stream:
                time.sleep(pause)
            wall[ahead] = time.monotonic() - started
    assert wall[True] < 0.8 * wall[False]


def tag_threads() -> list[str]:
    """Threads that are tagging."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("tags")]


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signals.write(tmp_path_factory.mktemp("parallel") / "song.wav", signals.song(SECONDS))


class SlowTagger:
    """A runtime that answers after a pause, and notes in which thread it was asked."""

    name = "slow"

    def __init__(self, pause_seconds: float = 0.0) -> None:
        self.pause_seconds = pause_seconds
        self.threads: set[str] = set()

    def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.threads.add(threading.current_thread().name)
        time.sleep(self.pause_seconds)
        return patches.mean(axis=2)[:, :50], patches.mean(axis=2)[:, :100].repeat(2, axis=1)


def tagging(cpus: int, runtime: SlowTagger) -> AudioAnalyzer:
    return analyzer(cpus, tagger=TagsAccumulator(runtime, [str(number) for number in range(50)]))


def test_tags_come_beside_the_other_features_and_are_the_same_to_the_bit(wave: Path) -> None:
    alone, parallel = SlowTagger(), SlowTagger()
    assert values(tagging(2, parallel).analyze(str(wave))) == values(tagging(1, alone).analyze(str(wave)))
    assert alone.threads == {"MainThread"}
    assert "tags_0" in parallel.threads
    assert not tag_threads()


def test_where_decoding_keeps_the_second_cpu_busy_there_is_no_third_thread(song: Path) -> None:
    runtime = SlowTagger()
    tagging(2, runtime).analyze(str(song))
    assert runtime.threads == {"MainThread"}


def test_time_spent_tagging_and_time_spent_on_the_rest_do_not_add_up(
    wave: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = 0.15 * programs_per_cpu()
    former = RhythmAccumulator.update

    def slowly(accumulator: RhythmAccumulator, chunk: NDArray[np.floating]) -> None:
        time.sleep(pause)
        former(accumulator, chunk)

    monkeypatch.setattr(RhythmAccumulator, "update", slowly)
    wall = {}
    for cpus in (1, 2):
        started = time.monotonic()
        tagging(cpus, SlowTagger(pause)).analyze(str(wave))
        wall[cpus] = time.monotonic() - started
    assert wall[2] < 0.8 * wall[1]


def test_an_error_in_a_feature_waits_for_the_tags_of_its_chunk(wave: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_accumulator: RhythmAccumulator, _chunk: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RhythmAccumulator, "update", fail)
    with pytest.raises(ZeroDivisionError):
        tagging(2, SlowTagger(0.1)).analyze(str(wave))
    assert not tag_threads()


def test_an_error_of_the_model_fails_the_track_as_it_does_alone(wave: Path) -> None:
    class Broken(SlowTagger):
        def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tagging(2, Broken()).analyze(str(wave))
    assert readers() == []
